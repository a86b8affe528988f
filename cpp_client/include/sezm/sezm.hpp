/// libsezm: run files that `sezm export` wrote, from C++17. This header is the whole interface.
///
///     sezm::Model model = sezm::Model::load("model.onnx");
///     std::vector<double> positions = {...};             // 3 N, Angstrom
///     std::vector<std::int64_t> numbers = {8, 1, 1};     // N
///     sezm::Results results = model.compute({3, positions.data(), numbers.data()});
///     results.energy; results.forces[3 * i + axis]; results.virial[3 * row + column];
///
/// Conventions, for an edge e from source (neighbour) j to target (centre) i, and rows a, b, c of
/// the cell:
///
///     edge_vec[e] = pos[j] - pos[i] + shift_e[0] a + shift_e[1] b + shift_e[2] c
///     forces      = -d(sum_n atom_mask[n] atom_energy[n]) / d(pos)
///     virial      = -dE/d(strain) = -sum_e (dE/d edge_vec[e]) (x) edge_vec[e]
///     stress      = -virial / volume                     (negative under compression, as in ASE)
///
/// Units: Angstrom, eV, eV/Angstrom. Arrays are dense, row by row ([N, 3] is x y z x y z ...).
///
/// Ownership: inputs are read during a call and never kept. Results are views of memory that the
/// Model owns; they hold until its next call, or its end.
///
/// Errors: every function may throw `sezm::Error`, whose text names value, limit and remedy, and
/// `std::bad_alloc`. A Model stays usable after an error.
///
/// Threads: different Models may be used at the same time; one Model by one thread at a time.
#ifndef SEZM_SEZM_HPP
#define SEZM_SEZM_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#define SEZM_API __attribute__((visibility("default")))

namespace sezm {

/// What was wrong. The values are those of `sezm_status` in the C interface.
enum class ErrorCode {
    argument = 1,   ///< an argument that makes no sense
    file = 2,       ///< missing, damaged, or not a file that `sezm export` wrote
    backend = 3,    ///< the engine for this kind of file, or the device, is not there
    element = 4,    ///< atoms of an element that the model does not know
    structure = 5,  ///< positions that are not finite, atoms at one place, a flat cell
    too_large = 6,  ///< more atoms or edges than a static file takes
    dtype = 7,      ///< another precision than the file's was asked for
    input = 8,      ///< an optional input is missing, unknown, or of the wrong size
    engine = 9,     ///< the engine failed while it computed
    internal = 10   ///< anything else (in the C interface: out of memory)
};

/// The one exception of this library.
class SEZM_API Error : public std::runtime_error {
  public:
    Error(ErrorCode code, const std::string &message);
    ~Error() override;

    ErrorCode code() const noexcept { return code_; }

  private:
    ErrorCode code_;
};

/// The engine that runs a file.
enum class Backend {
    automatic,    ///< by the content of the file
    onnxruntime,  ///< ONNX (`.onnx`)
    torchscript,  ///< TorchScript (`.pt`), by libtorch
    aotinductor   ///< AOTInductor (`.pt2`), by libtorch: native code for one kind of machine, which
                  ///< runs whatever its maker wants; open only files that you trust
};

/// How to open a file.
struct Options {
    Backend backend = Backend::automatic;  ///< any other value refuses files of other kinds
    std::string device = "cpu";            ///< "cpu", "cuda" or "cuda:N"
    int threads = 0;    ///< threads within an operator, 0 for the engine's own choice; libtorch
                        ///< knows one number for the whole process
    double skin = 1.0;  ///< Angstrom; the neighbour list is searched this much further, and again
                        ///< only when an atom has moved by half of it. Never changes a result.
    std::string dtype;  ///< "float32" or "float64" to insist on a precision; "" takes the file's
};

/// One tensor of the graph's signature.
struct TensorSpec {
    std::string name;
    std::vector<std::string> shape;  ///< per axis a length ("3"), or N atoms, E edges, B systems;
                                     ///< letters in static files, too
    std::string dtype;               ///< "real" (Metadata::dtype), "float64" or "int64"
    std::string unit;                ///< "eV", "Angstrom", "eV/Angstrom" or "" (none)
};

/// Sizes that a static file pads every system to.
struct StaticSizes {
    std::int64_t atoms = 0;
    std::int64_t edges = 0;
    std::int64_t systems = 1;
};

/// How many numbers of each atom a stage of a staged file hands to the next one.
struct StageWidths {
    std::size_t carried = 0;  ///< read by the atom itself only
    std::size_t sent = 0;     ///< read by its neighbours, too
};

/// What a file says of itself (export/FORMAT.md).
struct Metadata {
    std::string family;                        ///< architecture: "sezm"
    std::vector<std::string> elements;         ///< chemical symbols that the model knows
    std::vector<std::int64_t> atomic_numbers;  ///< the same as numbers
    double cutoff = 0;                         ///< Angstrom
    int message_passing_steps = 0;             ///< how often information travels by one cutoff
    std::string dtype;                         ///< "float32" or "float64"
    std::optional<StaticSizes> static_sizes;   ///< none: takes any size
    std::vector<TensorSpec> inputs;            ///< in the graph's order
    std::vector<TensorSpec> outputs;
    std::string forces_kind;                                    ///< "conservative" or "direct"
    std::map<std::string, std::vector<double>> input_defaults;  ///< of optional inputs
    std::map<std::string, std::vector<double>> input_values;    ///< the only ones that are known
    std::optional<std::int64_t> max_neighbors;  ///< atoms see so many nearest neighbours at most
    bool whole_system = false;  ///< every atom counts for every other: no ghosts, no domains
    /// Of staged files (`sezm export --staged`) what each stage but the last hands on; none: an
    /// ordinary file.
    std::optional<std::vector<StageWidths>> stages;
    std::string json;  ///< the whole record
};

/// Atoms of one structure. Views: the arrays belong to the caller.
struct Atoms {
    std::size_t count = 0;
    const double *positions = nullptr;             ///< [N, 3] Angstrom, inside or outside the cell
    const std::int64_t *atomic_numbers = nullptr;  ///< [N]
};

/// Rows are the cell vectors a, b, c in Angstrom; those of axes that are not periodic do not
/// matter.
using Cell = std::array<std::array<double, 3>, 3>;

/// Whether a, b, c are periodic.
using Periodic = std::array<bool, 3>;

/// Atoms and edges of a code that has its own neighbour list. Views, read in place where `Real` is
/// the file's own precision (float for "float32", double for "float64"), converted otherwise.
///
/// Both directions of every pair are edges. Their order is free; sorted by target is fastest. Edges
/// at or beyond the cutoff contribute nothing. Atoms of other ranks (ghosts) get mask 0: their
/// energy does not count, and the forces on them are shares to be sent home. Where atoms pass
/// messages (`Metadata::message_passing_steps` > 1), a ghost's own edges are needed as well:
/// the edges of all atoms within (steps - 1) cutoffs of an owned one. `Model::compute_domain` does
/// without. Files with `Metadata::whole_system` take no ghosts.
template <class Real>
struct Edges {
    std::size_t atom_count = 0;
    const Real *positions = nullptr;               ///< [N, 3] Angstrom
    const std::int64_t *atomic_numbers = nullptr;  ///< [N]
    const Real *atom_mask = nullptr;               ///< [N] 1 or 0; null: all 1
    std::size_t edge_count = 0;
    const std::int64_t *edge_index = nullptr;  ///< [2, E] row 0 sources, row 1 targets
    const Real *edge_vec = nullptr;            ///< [E, 3] Angstrom
};

/// How the ranks of a simulation hand numbers of atoms to each other, for `Model::compute_domain`.
/// To be written by the code that divides the system into domains.
///
/// Arrays are [A, width], A = `Edges::atom_count`, in the order of the atoms: the N own ones, then
/// ghosts. Ghost g of one domain is an image of the own atom `owner(g)` of some domain, of its own
/// one as well.
template <class Real>
class Exchange {
  public:
    virtual ~Exchange() = default;

    /// Give ghosts what their owners have: values[g] = values[owner(g)]. Own rows are set, and
    /// stay; what rows of ghosts hold before means nothing.
    virtual void forward(Real *values, std::size_t width) = 0;

    /// Give owners what their ghosts have: gradients[i] += sum of gradients[g] over all g in all
    /// domains with owner(g) = i. What rows of ghosts hold afterwards means nothing.
    virtual void reverse(Real *gradients, std::size_t width) = 0;
};

/// What the model says. Views of memory of the Model, valid until its next call.
struct Results {
    std::size_t atom_count = 0;
    double energy = 0;                        ///< eV, sum of atom_energy
    const double *forces = nullptr;           ///< [N, 3] eV/Angstrom, ghosts included
    std::array<double, 9> virial{};           ///< [3, 3] eV; zero where the file gives none
    bool has_virial = false;                  ///< false for direct forces
    const double *atom_energy = nullptr;      ///< [N] eV
    const double *atom_virial = nullptr;      ///< [N, 3, 3] eV; null unless exported --atom-virial
    const double *magnetic_forces = nullptr;  ///< [N, 3] eV per unit of spin; null without spins
};

/// An opened file. Movable, not copyable.
class SEZM_API Model {
  public:
    /// Open a file; its content, not its name, decides which engine runs it.
    static Model load(const std::string &path, const Options &options = {});

    Model(Model &&) noexcept;
    Model &operator=(Model &&) noexcept;
    ~Model();

    const Metadata &metadata() const noexcept;

    /// Evaluate a structure, with neighbours by the built-in list. Without a cell: not periodic.
    Results compute(const Atoms &atoms, const Cell &cell = {}, const Periodic &periodic = {});

    /// Evaluate atoms and edges. No atoms at all give energy 0. Staged files behave like ordinary
    /// ones here and in `compute`.
    Results compute_edges(const Edges<float> &edges);
    Results compute_edges(const Edges<double> &edges);

    /// Evaluate one domain of a system that is divided among ranks; for staged files, in the file's
    /// own precision. With S = `stages->size()` + 1 stages, rows of N own atoms and A - N ghosts:
    ///
    ///     h_0 = nothing;  h_s+1[i] = stage_s(h_s[i], h_s[j] of all sources j of edges towards i)
    ///     atom_energy[i]           = stage_S-1(...)
    ///
    /// A ghost's h_s comes from its owner, so ghosts need no edges of their own, and the ghost
    /// shell is one cutoff, however often messages are passed.
    ///
    /// All ranks call this at the same time, those without atoms, too: every call makes S - 1
    /// forward exchanges of widths `(*stages)[s].sent`, s = 0 .. S-2, then S - 1 reverse ones of
    /// the same widths, s = S-2 .. 0. After an error of one rank, or what its exchange throws, the
    /// others still wait in theirs: end them all.
    ///
    /// @param edges own atoms come first; all edges within the cutoff towards own atoms, and no
    ///     others. `positions` are not read and may be null; masks are read of own atoms only.
    ///     Optional inputs with one row per atom need rows of ghosts, too.
    /// @param own_count atoms that are computed here, N <= `edges.atom_count`
    ///
    /// @return energy and virial are sums over own atoms and over edges towards them: those of the
    ///     system are sums over all ranks. `forces`, `atom_virial` and `magnetic_forces` have A
    ///     rows, of which those of ghosts are shares to be sent home; `atom_energy` of ghosts is 0.
    Results compute_domain(const Edges<float> &edges, std::size_t own_count,
                           Exchange<float> &exchange);
    Results compute_domain(const Edges<double> &edges, std::size_t own_count,
                           Exchange<double> &exchange);

    /// Set an optional input of the file ("charge_spin" [2], "charge" [1], "fparam" [K], "aparam"
    /// [N, K], "spins" [N, 3]); it is copied, and stays for all calls that follow until it is set
    /// again. Without values (count 0) it is forgotten: the file's default holds, if there is one.
    void set_input(const std::string &name, const double *values, std::size_t count);

    /// How often neighbours were searched since the file was opened.
    std::size_t neighbor_searches() const noexcept;

  private:
    class Implementation;
    explicit Model(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

/// Chemical symbol of an atomic number (1 .. 118).
SEZM_API const char *chemical_symbol(std::int64_t atomic_number);

/// Atomic number of a chemical symbol.
SEZM_API std::int64_t atomic_number(const std::string &symbol);

/// Version of this library, "MAJOR.MINOR.PATCH".
SEZM_API const char *version() noexcept;

}  // namespace sezm

#endif

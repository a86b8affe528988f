/* libsezm from C: the same as sezm.hpp, whose conventions, units and rules on ownership and threads
 * hold here as well.
 *
 *     sezm_model *model;
 *     if (sezm_load("model.onnx", NULL, &model) != SEZM_OK) puts(sezm_error_message());
 *     sezm_results results;
 *     sezm_compute(model, 3, positions, numbers, NULL, NULL, &results);
 *     sezm_free(model);
 *
 * Every function that can fail returns a status; sezm_error_message() then says what was wrong.
 * Nothing here throws or ends the process. */
#ifndef SEZM_SEZM_H
#define SEZM_SEZM_H

#include <stddef.h>
#include <stdint.h>

#define SEZM_C_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    SEZM_OK = 0,
    SEZM_ARGUMENT = 1,  /* an argument that makes no sense */
    SEZM_FILE = 2,      /* missing, damaged, or not a file that `sezm export` wrote */
    SEZM_BACKEND = 3,   /* the engine for this kind of file, or the device, is not there */
    SEZM_ELEMENT = 4,   /* atoms of an element that the model does not know */
    SEZM_STRUCTURE = 5, /* positions that are not finite, atoms at one place, a flat cell */
    SEZM_TOO_LARGE = 6, /* more atoms or edges than a static file takes */
    SEZM_DTYPE = 7,     /* another precision than the file's was asked for */
    SEZM_INPUT = 8,     /* an optional input is missing, unknown, or of the wrong size */
    SEZM_ENGINE = 9,    /* the engine failed while it computed */
    SEZM_INTERNAL = 10  /* anything else, such as no memory */
} sezm_status;

typedef enum {
    SEZM_AUTOMATIC = 0,
    SEZM_ONNXRUNTIME = 1,
    SEZM_TORCHSCRIPT = 2,
    SEZM_AOTINDUCTOR = 3
} sezm_backend;

/* How to open a file; sezm_default_options() fills in what sezm.hpp says. */
typedef struct {
    sezm_backend backend;
    const char *device; /* "cpu", "cuda" or "cuda:N" */
    int threads;        /* 0: the engine's own choice */
    double skin;        /* Angstrom */
    const char *dtype;  /* NULL: the file's */
} sezm_options;

/* Views of memory of the model, valid until its next call. */
typedef struct {
    size_t atom_count;
    double energy;                 /* eV */
    const double *forces;          /* [N, 3] eV/Angstrom */
    double virial[9];              /* [3, 3] eV */
    int has_virial;                /* 0 for direct forces */
    const double *atom_energy;     /* [N] eV */
    const double *atom_virial;     /* [N, 3, 3] eV, or NULL */
    const double *magnetic_forces; /* [N, 3] eV per unit of spin, or NULL */
} sezm_results;

/* Atoms and edges of a code that has its own list; double* for sezm_compute_edges, float* for
 * sezm_compute_edges_float. Best is the file's own precision, which is read in place. */
typedef struct {
    size_t atom_count;
    const void *positions;         /* [N, 3] Angstrom */
    const int64_t *atomic_numbers; /* [N] */
    const void *atom_mask;         /* [N] 1 or 0 (ghosts of another rank); NULL: all 1 */
    size_t edge_count;
    const int64_t *edge_index; /* [2, E] row 0 sources, row 1 targets */
    const void *edge_vec;      /* [E, 3] Angstrom, pos[source] - pos[target] + shift */
} sezm_edges;

/* How ranks hand numbers of atoms to each other: sezm::Exchange in sezm.hpp, with arrays
 * [A, width] of double for sezm_compute_domain, of float for sezm_compute_domain_float. Both
 * functions return 0, or another number to end the call with SEZM_ARGUMENT. */
typedef struct {
    void *context; /* passed on as it is */
    int (*forward)(void *context, void *values, size_t width);
    int (*reverse)(void *context, void *gradients, size_t width);
} sezm_exchange;

typedef struct sezm_model sezm_model;

SEZM_C_API sezm_options sezm_default_options(void);

/* Open a file; options may be NULL. *model is for sezm_free, and NULL after an error. */
SEZM_C_API sezm_status sezm_load(const char *path, const sezm_options *options, sezm_model **model);

/* Close a file; NULL is fine. */
SEZM_C_API void sezm_free(sezm_model *model);

/* What the file says of itself: its JSON record; cutoff in Angstrom; "float32" or "float64"; how
 * often information travels by one cutoff. Valid as long as the model. */
SEZM_C_API const char *sezm_metadata(const sezm_model *model);
SEZM_C_API double sezm_cutoff(const sezm_model *model);
SEZM_C_API const char *sezm_dtype(const sezm_model *model);
SEZM_C_API int sezm_message_passing_steps(const sezm_model *model);

/* 1 of a file that `sezm export --staged` wrote, which sezm_compute_domain takes; 0 otherwise. */
SEZM_C_API int sezm_is_staged(const sezm_model *model);

/* Evaluate a structure: positions [N, 3], atomic numbers [N], cell [3, 3] by rows, periodic [3].
 * cell and periodic may be NULL together: not periodic. */
SEZM_C_API sezm_status sezm_compute(sezm_model *model, size_t atom_count, const double *positions,
                                    const int64_t *atomic_numbers, const double *cell,
                                    const int *periodic, sezm_results *results);

/* Evaluate atoms and edges. */
SEZM_C_API sezm_status sezm_compute_edges(sezm_model *model, const sezm_edges *edges,
                                          sezm_results *results);
SEZM_C_API sezm_status sezm_compute_edges_float(sezm_model *model, const sezm_edges *edges,
                                                sezm_results *results);

/* Evaluate one domain of a system divided among ranks, with a staged file: own atoms, which come
 * first, and ghosts one cutoff around them (sezm::Model::compute_domain in sezm.hpp). Takes the
 * file's own precision only. */
SEZM_C_API sezm_status sezm_compute_domain(sezm_model *model, const sezm_edges *edges,
                                           size_t own_count, const sezm_exchange *exchange,
                                           sezm_results *results);
SEZM_C_API sezm_status sezm_compute_domain_float(sezm_model *model, const sezm_edges *edges,
                                                 size_t own_count, const sezm_exchange *exchange,
                                                 sezm_results *results);

/* Set an optional input for all calls that follow; with count 0, forget it. */
SEZM_C_API sezm_status sezm_set_input(sezm_model *model, const char *name, const double *values,
                                      size_t count);

/* What went wrong in the last call of this thread that failed; "" if none has. */
SEZM_C_API const char *sezm_error_message(void);

#ifdef __cplusplus
}
#endif

#endif

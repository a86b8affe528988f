/// `plugin load sezmplugin.so` adds `pair_style sezm` to a LAMMPS that was built without it.
#include "error.h"
#include "lammps.h"
#include "library.h"
#include "pair_sezm.hpp"

// The record that LAMMPS reads, as its documentation of plugins has it; LAMMPS installs no header.
extern "C" {
using Factory1 = void *(void *);
using Factory2 = void *(void *, int, char **);
struct lammpsplugin_t {
    const char *version;
    const char *style;
    const char *name;
    const char *info;
    const char *author;
    union {
        Factory1 *v1;
        Factory2 *v2;
    } creator;
    void *handle;
};
using Register = void(lammpsplugin_t *, void *);

static void *create(void *lammps) {
    return new LAMMPS_NS::PairSezm(static_cast<LAMMPS_NS::LAMMPS *>(lammps));
}

__attribute__((visibility("default"))) void lammpsplugin_init(void *lammps, void *handle,
                                                              void *register_plugin) {
    if (lammps_extract_setting(lammps, "tagint") != sizeof(LAMMPS_NS::tagint)) {
        static_cast<LAMMPS_NS::LAMMPS *>(lammps)->error->all(
            FLERR,
            "sezmplugin.so was built for a LAMMPS with other sizes of integers; build it "
            "with -DLAMMPS_SIZES=bigbig, or smallbig");
    }
    lammpsplugin_t plugin{};
    plugin.version = static_cast<LAMMPS_NS::LAMMPS *>(lammps)->version;
    plugin.style = "pair";
    plugin.name = "sezm";
    plugin.info = "SeZM/DPA4 models exported by sezm-infer";
    plugin.author = "the sezm-infer authors";
    plugin.creator.v1 = &create;
    plugin.handle = handle;
    reinterpret_cast<Register *>(register_plugin)(&plugin, lammps);
}
}

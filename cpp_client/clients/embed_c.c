/* A water molecule from C: embed_c MODEL */
#include <stdio.h>

#include "sezm/sezm.h"

static int complain(void) {
    fprintf(stderr, "%s\n", sezm_error_message());
    return 1;
}

int main(int argc, char **argv) {
    const double positions[] = {0, 0, 0.119262, 0, 0.763239, -0.477047, 0, -0.763239, -0.477047};
    const int64_t atomic_numbers[] = {8, 1, 1};
    sezm_model *model = NULL;
    sezm_results results;

    if (argc != 2) {
        fprintf(stderr, "usage: embed_c MODEL\n");
        return 2;
    }
    if (sezm_load(argv[1], NULL, &model) != SEZM_OK) return complain();
    if (sezm_compute(model, 3, positions, atomic_numbers, NULL, NULL, &results) != SEZM_OK) {
        sezm_free(model);
        return complain();
    }
    printf("energy %.17g\n", results.energy);
    for (size_t atom = 0; atom < results.atom_count; ++atom) {
        const double *force = results.forces + 3 * atom;
        printf("force %.17g %.17g %.17g\n", force[0], force[1], force[2]);
    }
    sezm_free(model);
    return 0;
}

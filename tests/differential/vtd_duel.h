/* The VT-d unit beside QEMU's intel-iommu. */
#ifndef TESTS_DIFFERENTIAL_VTD_DUEL_H
#define TESTS_DIFFERENTIAL_VTD_DUEL_H

#include <stdint.h>

/* Each known difference, then `steps` random operations: the number of failed
 * tests.  `qemu` is the emulator's path. */
unsigned vtd_duel(const char *qemu, uint64_t seed, uint64_t steps);

#endif

/* The VT-d unit beside QEMU's intel-iommu. */
#ifndef TESTS_DIFFERENTIAL_VTD_DUEL_H
#define TESTS_DIFFERENTIAL_VTD_DUEL_H

#include <stdint.h>

/* 7.2, or 10: with 32-bit destinations and fault records. */
enum vtd_age { VTD_OLD, VTD_NEW };

/* Each known difference, then `steps` random operations: the number of failed
 * tests.  `qemu` is the emulator's path. */
unsigned vtd_duel(const char *qemu, enum vtd_age age, uint64_t seed,
                  uint64_t steps);

#endif

/* Every twin that a machine can have. */
#include "sim/sc/twins.h"

#include "sim/sc/ioapic_twin.h"
#include "sim/sc/iommu_twin.h"
#include "sim/sc/lapic_twin.h"
#include "sim/sc/machine_c.h"
#include "sim/sc/pic_twin.h"

const struct machine_twins sc_twins = {lapic_twin_make, ioapic_twin_make,
                                       pic_twin_make, iommu_twin_make};

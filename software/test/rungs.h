/* The rungs of APIC virtualization, as tests climb them. */
#ifndef SOFTWARE_TEST_RUNGS_H
#define SOFTWARE_TEST_RUNGS_H

#include "sim/machine/test/rig.h"

#define SOFTWARE                                                               \
    {                                                                          \
        0                                                                      \
    }
#define FLEXPRIORITY                                                           \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true                           \
    }
#define APICV                                                                  \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true,                                  \
        .virtual_interrupt_delivery = true                                     \
    }
#define POSTED                                                                 \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true,                                  \
        .virtual_interrupt_delivery = true, .posted_interrupts = true          \
    }
#define IPIV                                                                   \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true,                                  \
        .virtual_interrupt_delivery = true, .posted_interrupts = true,         \
        .ipiv = true                                                           \
    }

static inline uint64_t exits(const struct figures *f, const char *reason)
{
    char key[80];

    snprintf(key, sizeof key, "exits.by_reason.%s", reason);
    return rig_count(f, key);
}

#endif

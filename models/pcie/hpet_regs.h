/* What the files of the HPET and its register walk share.  Not for users of the
 * model. */
#ifndef MODELS_PCIE_HPET_REGS_H
#define MODELS_PCIE_HPET_REGS_H

#include "models/pcie/hpet.h"

enum hpet_access { HPET_RO, HPET_RW, HPET_RW1C };

struct hpet_reg_row {
    uint32_t offset, step;
    uint64_t reset, writable;
    enum hpet_access access;
    const char *title;
};

extern const struct hpet_reg_row hpet_reg_row[HPET_REG_COUNT];

/* The bits that a timer's comparator has. */
static inline uint64_t hpet_width(const struct hpet_timer *t)
{
    return t->conf & HPET_MODE32_CNF ? UINT32_MAX : UINT64_MAX;
}

/* Timers whose output is an edge-triggered line that may be high. */
uint32_t hpet_edge_outputs(const struct hpet *h);

#endif

/* The adapter's registers, as its files and their walk share them.  Not for
 * users of the model. */
#ifndef MODELS_PCIE_NIC_NODE_REGS_H
#define MODELS_PCIE_NIC_NODE_REGS_H

#include "models/pcie/nic_node.h"

enum nic_reg {
#define REG(name, offset, count, reset, writable, access, title) NIC_##name,
#include "models/pcie/nic_regs.def"
#undef REG
    NIC_REG_COUNT
};

enum nic_access { NIC_RW, NIC_WO, NIC_RW1C };

struct nic_reg_row {
    uint32_t offset, count; /* so many doublewords from there on */
    uint32_t reset, writable;
    enum nic_access access;
    const char *title;
};

extern const struct nic_reg_row nic_reg_row[NIC_REG_COUNT];

/* As many messages more are queued for sending. */
void nic_node_doorbell(struct nic_node *n, uint32_t messages);

#endif

/*
 * What the node tests stand on: an engine, a ledger, and an upstream port
 * that notes each write with its time of arrival.
 */
#ifndef MODELS_PCIE_TEST_PCIE_RIG_H
#define MODELS_PCIE_TEST_PCIE_RIG_H

#include <string.h>

#include "models/pcie/nic_node.h"
#include "tests/gtest_c.h"

#define RIG_LOG 8192
#define RIG_RECORDS 1024
#define RIG_PERIOD (4 * SIM_NS)
#define RIG_DMA_WRITE (400 * SIM_NS)
#define RIG_MSI_WRITE (300 * SIM_NS)

struct rig_arrival {
    sim_time time;
    struct msg msg;
};

struct rig {
    struct engine engine;
    struct engine_slot slot[ENGINE_SLOTS(64)];
    struct irqs irqs;
    struct irq_record record[RIG_RECORDS];
    struct rig_arrival log[RIG_LOG]; /* the first arrivals */
    uint32_t arrivals;
    uint64_t messages;
    uint64_t memory[2]; /* written to addresses 1000h and 1008h */
    uint64_t reports[2];
};

/* A message's interrupt ends here: nobody else is in this machine. */
static inline void rig_receive(void *ctx, const struct msg *m)
{
    struct rig *r = ctx;
    uint64_t word = (m->write.addr - 0x1000) / 8;

    if (r->arrivals < RIG_LOG)
        r->log[r->arrivals] = (struct rig_arrival){engine_now(&r->engine), *m};
    r->arrivals++;
    if (m->irq) {
        irq_drop(&r->irqs, m->irq, IRQ_NO_TARGET);
        r->messages++;
    } else if (word < 2) {
        EXPECT_GE(m->write.data, r->memory[word], "counts never go back");
        r->memory[word] = m->write.data;
        r->reports[word]++;
    }
}

static inline struct pcie_node_config rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    engine_init(&r->engine, 64, r->slot);
    irqs_init(&r->irqs, r->record, RIG_RECORDS);
    return (struct pcie_node_config){
        .engine = &r->engine,
        .irqs = &r->irqs,
        .clock = CLOCK_OF(RIG_PERIOD),
        .costs = {.dma_write = RIG_DMA_WRITE, .msi_write = RIG_MSI_WRITE},
        .requester = 0x0108,
        .irq_source = irqs_add_source(&r->irqs),
        .msix_vectors = 4,
        .upstream = {rig_receive, r},
    };
}

/* What a driver does: program and unmask each entry, enable MSI-X. */
static inline void rig_enable(struct pcie_node *n, unsigned vectors)
{
    pcie_node_config_write(n, PCIE_AT_COMMAND, 2, PCIE_COMMAND_BUS_MASTER);
    for (unsigned v = 0; v < vectors; v++) {
        uint32_t at = PCIE_MSIX_TABLE_AT + PCIE_MSIX_ENTRY_BYTES * v;

        pcie_node_msix_write(n, at + 0x0, 4, 0xfee00000);
        pcie_node_msix_write(n, at + 0x4, 4, 0);
        pcie_node_msix_write(n, at + 0x8, 4, 0x40 + v);
        pcie_node_msix_write(n, at + 0xc, 4, 0);
    }
    pcie_node_config_write(n, PCIE_AT_MSIX_CONTROL, 2, PCIE_MSIX_ENABLE);
}

#endif

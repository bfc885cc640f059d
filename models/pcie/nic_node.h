/*
 * A network adapter with a closed-loop peer, and an open-loop pulse source,
 * as traffic behind a PCI Express function (pcie_node).
 *
 * Registers in BAR 0 (doublewords):
 *   0000h  TXDOORBELL  write n: n more messages are queued for sending
 *   0010h  TXWB_LO, 0014h TXWB_HI  where the count of sent messages goes
 *   0018h  RXWB_LO, 001Ch RXWB_HI  where the count of acknowledged messages goes
 *   1000h  MSI-X table   2000h  MSI-X PBA
 *
 * A queued message takes bytes * 8 / line_rate on the wire, one after the
 * other.  Every `complete_every` sent messages, or when the queue runs dry,
 * the adapter DMA-writes the 64-bit count of all sent messages to TXWB, then
 * raises the cause of vector 0.  `round_trip` after a message is sent the
 * peer's acknowledgement arrives; every `ack_every` of them (or when none is
 * left) the adapter DMA-writes the count of acknowledged messages to RXWB and
 * raises the cause of vector 1 (or 0 if there is one vector only).
 *
 * As a pulse source it instead raises the cause of vector k = 0, 1, ... in
 * turn at intervals drawn from the distribution, after a DMA write of the
 * count to RXWB.
 */
#ifndef MODELS_PCIE_NIC_NODE_H
#define MODELS_PCIE_NIC_NODE_H

#include "models/pcie/pcie_node.h"
#include "sim/core/rng.h"

enum pulse_distribution {
    PULSE_NONE, /* no pulses: the closed loop only */
    PULSE_PERIODIC,
    PULSE_UNIFORM,     /* between 0 and twice the interval */
    PULSE_EXPONENTIAL, /* memoryless: Poisson arrivals */
};

struct nic_config {
    uint64_t line_rate; /* bits per second */
    uint32_t message_bytes;
    uint32_t complete_every, ack_every; /* messages, at least 1 */
    sim_time round_trip;
    sim_time round_trip_jitter; /* uniform in 0..jitter, added per ack */
    enum pulse_distribution pulse;
    sim_time pulse_interval;
    uint64_t seed, stream; /* of its random numbers */
};

#define NIC_REG_TXDOORBELL 0x0000
#define NIC_REG_TXWB 0x0010
#define NIC_REG_RXWB 0x0018
#define NIC_REG_MSIX_TABLE 0x1000
#define NIC_REG_MSIX_PBA 0x2000
#define NIC_BAR_BYTES 0x4000

struct nic_node; /* defined below by the builder; contains a pcie_node `fn` */

void nic_node_init(struct nic_node *n, const struct pcie_node_config *p,
                   const struct nic_config *c);

/* BAR 0; `offset` below NIC_BAR_BYTES. */
uint64_t nic_node_read(struct nic_node *n, uint32_t offset, unsigned bytes);
void nic_node_write(struct nic_node *n, uint32_t offset, unsigned bytes,
                    uint64_t value);

#endif

/*
 * A network adapter with a closed-loop peer, and an open-loop pulse source,
 * as traffic behind a PCI Express function (pcie_node).
 *
 * Its registers stand in nic_regs.def, at 1000h and 2000h of the same BAR the
 * MSI-X table and the pending bit array.
 *
 * A queued message takes bytes * 8 / line_rate on the wire, one after the
 * other.  Every `complete_every` sent messages, or when the queue runs dry,
 * the adapter DMA-writes the 64-bit count of all sent messages to TXWB, then
 * raises the cause of vector 0.  `round_trip` after a message is sent the
 * peer's acknowledgement arrives; every `ack_every` of them (or when none is
 * left in flight) the adapter DMA-writes the count of acknowledged messages
 * to RXWB and raises the cause of vector 1 (or 0 if there is one vector only).
 *
 * As a pulse source it instead raises the cause of vector k = 0, 1, ... in
 * turn at intervals drawn from the distribution, after a DMA write of the
 * count to RXWB.  The first interval starts when software enables bus
 * mastering; pulses cease while it is disabled.
 *
 * What is reported waits in a queue, one for sent messages and one for the
 * received ones of each cause, until delay timers or coalescing raise the
 * cause (coalesce.h); the count in memory does not wait.
 *
 * Write-back address 0 means none.  The wire has its own time; the adapter
 * sees what happened there at the edges of the PCI Express clock.  While the
 * function's FIFO is full, a report waits and then tells the latest count.
 */
#ifndef MODELS_PCIE_NIC_NODE_H
#define MODELS_PCIE_NIC_NODE_H

#include "models/pcie/coalesce.h"
#include "models/pcie/pcie_node.h"
#include "sim/core/rng.h"

enum pulse_distribution {
    PULSE_NONE, /* no pulses: the closed loop only */
    PULSE_PERIODIC,
    PULSE_UNIFORM,     /* between 0 and twice the interval */
    PULSE_EXPONENTIAL, /* memoryless: Poisson arrivals */
};

/* How causes of one direction wait: delay timers, or coalescing, or neither. */
struct nic_moderation {
    sim_time packet_timer, absolute_timer;
    /* as operating systems name them; 0 and 0: each packet is told */
    uint32_t usecs, frames;
    uint32_t usecs_irq, frames_irq; /* until SERVED; 0 and 0: as above */
};

struct nic_config {
    uint64_t line_rate; /* bits per second */
    uint32_t message_bytes;
    uint32_t complete_every, ack_every; /* messages, at least 1 */
    sim_time round_trip;
    sim_time round_trip_jitter; /* uniform in 0..jitter, added per ack */
    enum pulse_distribution pulse;
    sim_time pulse_interval;
    struct nic_moderation tx, rx;
    uint64_t seed, stream; /* of its random numbers */
};

enum nic_reg_at {
#define REG(name, offset, count, reset, writable, access, title)               \
    NIC_REG_##name = offset,
#include "models/pcie/nic_regs.def"
#undef REG
};

#define NIC_REG_MSIX_TABLE PCIE_MSIX_TABLE_AT
#define NIC_BAR_BYTES PCIE_BAR_BYTES

#define NIC_GROUPS 4096u

/* Queue 0: sent messages; 1 + k: what cause k tells of received ones. */
#define NIC_QUEUE_TX 0u
#define NIC_QUEUE_RX 1u
#define NIC_QUEUES (NIC_QUEUE_RX + PCIE_VECTORS)

struct nic_queue {
    struct coalesce coalesce;
    sim_time packet_at, absolute_at; /* of expiry; SIM_TIME_NEVER: stopped */
    struct event timer;              /* the earlier of them */
    bool in_service;                 /* its cause is set and not yet SERVED */
    struct nic_queue_counts {
        uint64_t packets;
        uint64_t by_frames, by_packet_timer, by_absolute_timer; /* causes */
    } counts;
};

struct nic_node {
    struct pcie_node fn;
    struct nic_config config;
    struct rng rng;
    uint64_t txwb, rxwb;     /* registers */
    uint64_t queued;         /* messages since reset */
    uint64_t sent;           /* see nic_node_sent() */
    uint64_t acked, pulses;  /* received */
    uint64_t completed;      /* of the sent ones, at the last completion */
    sim_time message_time;   /* of one message on the wire */
    uint64_t longest_step;   /* messages between two looks at the wire */
    sim_time wire_since;     /* when message number `sent` got the wire */
    bool completion_waits;   /* the FIFO was full */
    bool ack_waits;          /* the FIFO was full */
    uint64_t pulses_waiting; /* the FIFO was full */
    unsigned pulse_vector;   /* of the next pulse */
    sim_time pulse_time;     /* of the next pulse, before the clock edge */
    uint64_t told_sent, told_acked; /* to their queues */
    struct nic_queue queue[NIC_QUEUES];
    uint64_t due_queues;          /* a set: their cause waits for the FIFO */
    uint32_t first_group, groups; /* of the ring */
    /* messages in flight, in groups that are acknowledged together; a full
     * ring lets the last group grow beyond ack_every */
    struct nic_group {
        sim_time acked_at; /* of its last message */
        sim_time jitter;
        uint64_t count;
    } group[NIC_GROUPS];
    struct event wire, ack, pulse;
};

void nic_node_init(struct nic_node *n, const struct pcie_node_config *p,
                   const struct nic_config *c);

/* Messages that have left the wire by now; `sent` is as of the last event. */
uint64_t nic_node_sent(const struct nic_node *n);

/* What the device counts of its interrupts begins anew. */
void nic_node_restart_counts(struct nic_node *n);

/* BAR 0; `offset` below NIC_BAR_BYTES. */
uint64_t nic_node_read(struct nic_node *n, uint32_t offset, unsigned bytes);
void nic_node_write(struct nic_node *n, uint32_t offset, unsigned bytes,
                    uint64_t value);

#endif

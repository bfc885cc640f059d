/*
 * Messages: everything that travels between nodes is one tagged struct.
 * Nodes meet in messages only; sim/machine connects their ports.
 */
#ifndef SIM_CORE_MSG_H
#define SIM_CORE_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/irq.h"

enum msg_kind {
    MSG_WRITE, /* memory write of a device; to FEEx_xxxxh it is an MSI */
    MSG_APIC,  /* interrupt message on its way to local APICs */
    MSG_EOI,   /* EOI broadcast to the I/O APICs */
    MSG_LINE,  /* a line changes its level */
};

/* Delivery modes as ICR, LVT, RTE and MSI data encode them. */
enum delivery_mode {
    DELIVERY_FIXED = 0,
    DELIVERY_LOWEST = 1,
    DELIVERY_SMI = 2,
    DELIVERY_RESERVED3 = 3,
    DELIVERY_NMI = 4,
    DELIVERY_INIT = 5,
    DELIVERY_SIPI = 6,
    DELIVERY_EXTINT = 7,
};

/* Lines from a local APIC to its CPU.  CORE_INTR and CORE_EXTINT are levels;
 * the others are edges: only high is sent. */
enum core_line {
    CORE_INTR, /* a fixed interrupt is eligible */
    CORE_NMI,
    CORE_SMI,
    CORE_INIT,
    CORE_SIPI,   /* with msg_line.vector */
    CORE_EXTINT, /* run INTA cycles at the 8259 */
};

/* Destination shorthand, ICR bits 19:18. */
enum shorthand {
    SHORTHAND_NONE = 0,
    SHORTHAND_SELF = 1,
    SHORTHAND_ALL = 2,
    SHORTHAND_OTHERS = 3,
};

struct msg_write {
    uint64_t addr;
    uint64_t data;      /* the first 8 bytes, little endian */
    uint32_t bytes;     /* length; beyond 8 only time is modelled */
    uint16_t requester; /* bus 15:8, device 7:3, function 2:0 */
};

struct msg_apic {
    uint32_t dest;
    uint32_t sender; /* APIC ID, or UINT32_MAX for a device */
    uint8_t vector;
    uint8_t mode;      /* enum delivery_mode */
    uint8_t shorthand; /* enum shorthand */
    bool logical;
    bool hint; /* redirection hint: with logical, one of those that match */
    bool level_trigger;
    bool assert_level; /* ICR bit 14; matters for INIT only */
    bool dest8;        /* 8-bit destination: FFh is the broadcast */
};

struct msg_line {
    uint8_t line;
    bool high;
    uint8_t vector; /* of a SIPI on its line to the core */
};

struct msg {
    enum msg_kind kind;
    irq_id irq;
    union {
        struct msg_write write;
        struct msg_apic apic;
        struct msg_line line;
        uint8_t eoi_vector;
    };
};

/* Where a node sends: sim/machine sets it while the machine is built. */
struct port {
    void (*send)(void *ctx, const struct msg *m);
    void *ctx;
};

static inline void port_send(const struct port *p, const struct msg *m)
{
    p->send(p->ctx, m);
}

#endif

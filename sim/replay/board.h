/*
 * The models of a PC's interrupt controllers, wired: local APICs, one I/O
 * APIC, two 8259As whose INT is LINT0 of every local APIC.  Messages arrive at
 * once: a recording has an order, but no times that count.  The 8259As' INT is
 * not wired to the I/O APIC's pin 0, as the recorded boards do not have that.
 *
 * Of a remapping unit there are the registers.  A recording does not have its
 * tables: what becomes of a message is told by board_delivered().
 */
#ifndef SIM_REPLAY_BOARD_H
#define SIM_REPLAY_BOARD_H

#include "models/ioapic/ioapic.h"
#include "models/iommu/iommu.h"
#include "models/lapic/lapic.h"
#include "models/pic/pic_pair.h"

#define BOARD_CPUS 64u
#define BOARD_MESSAGES 256u

/* What an operation touched: by it the ones that led to a difference are
 * found. */
struct footprint {
    struct vecset vectors; /* requested, taken or ended */
    uint32_t reg;          /* board_register(), 0: none */
    uint32_t lines;        /* ISA lines, or pins */
    bool changes;          /* software wrote the register */
    bool serves;           /* something was acknowledged or ended */
};

enum board_space {
    SPACE_APIC = 1, /* by offset; an x2APIC MSR has that of its register */
    SPACE_MSR,      /* the others */
    SPACE_PORT,
    SPACE_IOAPIC,   /* by index */
    SPACE_WINDOW,   /* by offset */
    SPACE_REMAPPER, /* by offset */
};

static inline uint32_t board_register(enum board_space space, unsigned cpu,
                                      uint32_t where)
{
    return (uint32_t)space << 24 | (cpu & 0xff) << 16 | (where & 0xffff);
}

struct board {
    unsigned cpus;
    uint64_t now_ns;
    struct lapic lapic[BOARD_CPUS];
    bool intr[BOARD_CPUS], extint[BOARD_CPUS];
    struct ioapic ioapic;
    struct pic_pair pic;
    struct iommu remapper;
    /* What the I/O APIC sent and nobody compared yet. */
    struct ioapic_message sent[BOARD_MESSAGES];
    unsigned sent_count;
    struct footprint mark; /* of the operation at hand */
};

/* As after power-up: xAPIC mode, software-disabled, all lines low.  CPU 0 is
 * the boot processor. */
void board_init(struct board *b, unsigned cpus);

void board_apic_write(struct board *b, unsigned cpu, struct lapic_mmio a);
uint64_t board_apic_read(struct board *b, unsigned cpu, struct lapic_mmio a);

/* False: #GP. */
bool board_wrmsr(struct board *b, unsigned cpu, uint32_t msr, uint64_t value);
bool board_rdmsr(struct board *b, unsigned cpu, uint32_t msr, uint64_t *value);

void board_port_write(struct board *b, struct pic_access a);
uint32_t board_port_read(struct board *b, struct pic_access a);

void board_ioapic_write(struct board *b, struct ioapic_mmio a);
uint64_t board_ioapic_read(struct board *b, struct ioapic_mmio a);

void board_pic_line(struct board *b, unsigned line, bool high);
void board_pin(struct board *b, unsigned pin, bool high);

void board_remapper_write(struct board *b, struct iommu_mmio a);
uint64_t board_remapper_read(struct board *b, struct iommu_mmio a);

/* Whether messages are remapped now: then none reaches the local APICs but by
 * board_delivered(). */
bool board_remaps(const struct board *b);

/* The remapper's message reaches the local APICs. */
void board_delivered(struct board *b, const struct iommu_message *m);

/* A message reaches the local APICs; true if one has taken it. */
bool board_message(struct board *b, const struct ioapic_message *s);

/* The vector that the CPU's local APIC would give now, or -1. */
int board_eligible(const struct board *b, unsigned cpu);

/* The CPU takes the highest eligible vector of its local APIC. */
uint8_t board_take(struct board *b, unsigned cpu);

/* The CPU runs an INTA cycle at the 8259As. */
uint8_t board_inta(struct board *b, unsigned cpu);

/* Whether the CPU's timer counts to an interrupt, and when that is due. */
bool board_timer_armed(const struct board *b, unsigned cpu, uint64_t *at);

/* Expires that timer. */
void board_timer(struct board *b, unsigned cpu);

#endif

/*
 * The interrupt side of a PCI Express function: configuration space with the
 * MSI and MSI-X capabilities, the MSI-X table and pending bit array, masking,
 * message composition, the INTx level, and interval moderation with its
 * throttle registers.
 *
 * Left out: the PCI Express capability itself.  INTx beyond the function:
 * intx.h.
 */
#ifndef MODELS_PCIE_PCIE_H
#define MODELS_PCIE_PCIE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/sim_time.h"

#define PCIE_VECTORS 32
#define PCIE_CONFIG_BYTES 256
#define PCIE_BAR_BYTES 0x4000u /* BAR 0 */
#define PCIE_MSIX_TABLE_AT 0x1000u
#define PCIE_MSIX_PBA_AT 0x2000u
#define PCIE_MSIX_ENTRY_BYTES 16u

#define PCIE_COMMAND_MEMORY 0x0002u
#define PCIE_COMMAND_BUS_MASTER 0x0004u
#define PCIE_COMMAND_INTX_DISABLE 0x0400u
#define PCIE_STATUS_INTERRUPT 0x0008u
#define PCIE_STATUS_CAPABILITIES 0x0010u
#define PCIE_MSI_ENABLE 0x0001u
#define PCIE_MSI_MMC_SHIFT 1
#define PCIE_MSI_MME_SHIFT 4
#define PCIE_MSI_64BIT 0x0080u
#define PCIE_MSI_MASKING 0x0100u
#define PCIE_MSI_EXTENDED_CAPABLE 0x0200u
#define PCIE_MSI_EXTENDED_ENABLE 0x0400u
#define PCIE_MSIX_FUNCTION_MASK 0x4000u
#define PCIE_MSIX_ENABLE 0x8000u
#define PCIE_VECTOR_MASKED 0x1u
#define PCIE_THROTTLE_INTERVAL 0x00007ffcu
#define PCIE_THROTTLE_COUNTER 0x7fe00000u
#define PCIE_THROTTLE_KEEP_COUNTER 0x80000000u /* of this write */

enum pcie_reg {
#define REG(name, offset, bytes, reset, writable, part, title) PCIE_##name,
#include "models/pcie/pcie_regs.def"
    PCIE_REG_COUNT
};

/* Where each register lies in configuration space; those of MSI behind its
 * message address: in the 64-bit layout. */
enum pcie_reg_at {
#define REG(name, offset, bytes, reset, writable, part, title)                 \
    PCIE_AT_##name = offset,
#include "models/pcie/pcie_regs.def"
};

/* The doublewords of an MSI-X table entry. */
enum pcie_entry {
#define ENTRY(name, offset, reset, writable, title)                            \
    PCIE_ENTRY_##name = offset / 4,
#include "models/pcie/pcie_regs.def"
    PCIE_ENTRY_COUNT
};

/* How interrupts leave: MSI-X has precedence over MSI, MSI over INTx. */
enum pcie_mode { PCIE_INTX, PCIE_MSI, PCIE_MSIX };

struct pcie_build {
    unsigned msi_vectors;   /* 0: no MSI; 1, 2, 4, 8, 16 or 32 */
    uint32_t msi_features;  /* PCIE_MSI_64BIT, _MASKING, _EXTENDED_CAPABLE */
    unsigned msix_vectors;  /* 0: no MSI-X; at most PCIE_VECTORS */
    unsigned interrupt_pin; /* 0 to 3: INTA# to INTD# */
};

/* Bit k of a set is cause k, bit v of a pending set is vector v: causes are
 * folded modulo the number of vectors that software granted. */
struct pcie {
    struct pcie_build build;
    uint32_t reg[PCIE_REG_COUNT]; /* MSI's pending bits among them */
    uint32_t entry[PCIE_VECTORS][PCIE_ENTRY_COUNT];
    uint32_t msix_pending;
    uint32_t condition;              /* causes that no message has told yet */
    uint32_t wanted;                 /* causes that moderation holds */
    uint32_t running;                /* causes whose interval runs */
    sim_time interval[PCIE_VECTORS]; /* least, between messages of a cause */
    sim_time loaded[PCIE_VECTORS];   /* what its counter runs down from */
};

struct pcie_message {
    uint64_t addr;
    uint32_t data;
};

/* What changed outside the function because of one call, beside pcie_intx(). */
struct pcie_out {
    uint32_t send;  /* vectors whose pcie_message() leaves now, lowest first */
    uint32_t told;  /* causes that these messages tell */
    uint32_t start; /* causes whose interval `loaded` starts now */
    uint32_t stop;  /* causes whose interval ends before its time */
};

/* As after a conventional or function-level reset. */
void pcie_init(struct pcie *p, const struct pcie_build *build);

/* Cause k (below PCIE_VECTORS) becomes active.  Without bus mastering its
 * message is lost. */
struct pcie_out pcie_cause(struct pcie *p, unsigned k);

/* Software took care of cause k in another way: what is held of it goes. */
struct pcie_out pcie_cause_gone(struct pcie *p, unsigned k);

/* The interval of cause k, started by pcie_out.start, has passed. */
struct pcie_out pcie_interval_over(struct pcie *p, unsigned k);

/* Throttle register of cause k.  `left` of its interval is still to come; what
 * a field cannot hold reads as its largest value. */
uint32_t pcie_throttle_read(const struct pcie *p, unsigned k, sim_time left);

/* A new interval holds from the next message on.  The counter is written as
 * well, unless bit 31 is set: 0 releases a message that is held. */
struct pcie_out pcie_throttle_write(struct pcie *p, unsigned k, uint32_t value);

/* Where a register lies in this function's layout; 0: it has no such register
 * (or it is the first one). */
unsigned pcie_reg_at(const struct pcie *p, enum pcie_reg reg);

/* Configuration space; offset + bytes is at most PCIE_CONFIG_BYTES. */
uint32_t pcie_config_read(const struct pcie *p, unsigned offset,
                          unsigned bytes);
struct pcie_out pcie_config_write(struct pcie *p, unsigned offset,
                                  unsigned bytes, uint32_t value);

/* MSI-X table and pending bit array, by offset in BAR 0.  Writes other than
 * one aligned doubleword or quadword are ignored, as is what lies outside. */
uint64_t pcie_msix_read(const struct pcie *p, uint32_t offset, unsigned bytes);
struct pcie_out pcie_msix_write(struct pcie *p, uint32_t offset, unsigned bytes,
                                uint64_t value);

enum pcie_mode pcie_mode(const struct pcie *p);

/* The level of the function's INTx signal. */
bool pcie_intx(const struct pcie *p);

/* The message of vector v as software has programmed it at this moment. */
struct pcie_message pcie_message(const struct pcie *p, unsigned v);

/* Whether the function may write to memory: command register, bit 2. */
bool pcie_bus_master(const struct pcie *p);

/* How many messages may still leave without a new cause: at most three for
 * each of PCIE_VECTORS. */
unsigned pcie_owed(const struct pcie *p);

/* NULL, or the first broken invariant in words. */
const char *pcie_check(const struct pcie *p);

#endif

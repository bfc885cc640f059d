/*
 * A driver of VT-d interrupt remapping, as operating systems and hypervisors
 * have one: it gives away table entries, fills them, programs their sources,
 * and changes entries while interrupts come: write the entry, invalidate it,
 * wait until the unit says that it is done.
 *
 * Setting a unit up happens before the run and takes no time, or is code on a
 * CPU (vtd_build_enable(), vtd_launch.h); changing an entry is code
 * (vtd_build_move()).
 */
#ifndef SOFTWARE_VTD_H
#define SOFTWARE_VTD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/cpu_node.h"
#include "models/iommu/iommu.h"
#include "software/text.h"

struct vtd_config {
    uint64_t memory;    /* base of 2 MiB of its own */
    uint64_t registers; /* where the CPUs reach them */
    uint32_t entries;   /* of the table: a power of two */
    bool x2apic;        /* EIME */
    bool compatibility; /* CFI */
};

struct vtd {
    struct vtd_config config;
    uint64_t table, queue, status;
    uint64_t lock;   /* of the queue: one CPU at a time appends and waits */
    uint32_t next;   /* the first entry that nobody has */
    uint64_t tail;   /* byte offset of the queue's next free slot */
    uint32_t serial; /* of the last wait descriptor */
};

/* The unit's registers while the machine is built. */
struct vtd_registers {
    void *unit;
    void (*put)(void *unit, uint32_t offset, unsigned bytes, uint64_t value);
};

/* Where an entry sends its interrupts, and whom it is for. */
struct vtd_target {
    uint32_t apic_id;
    uint8_t vector;
    uint8_t mode;                      /* enum delivery_mode */
    bool level, logical, redirectable; /* TM, DM, RH */
    uint64_t descriptor; /* posted: `vector` is the guest's; 0: remapped */
    bool checks_source;  /* only requests of `sid` */
    bool by_bus;         /* `sid` is the first (15:8) and the last bus */
    /* SQ: as many bits of the function, from bit 2 on, may differ. */
    uint8_t open_functions;
    uint16_t sid;
};

/* Moves that were made: from the write of the entry until the unit has said
 * that none is in use that is older; and interrupts that came to a CPU from
 * where their entry had been moved away. */
struct vtd_moves_done {
    uint64_t count, strays;
    sim_time time, longest;
};

#define VTD_PLACES_MAX 8u

/* An entry that software moves from place to place in turn: to other CPUs, or
 * between remapped and posted format. */
struct vtd_move {
    struct vtd *driver;
    uint32_t index;
    bool flush; /* invalidates the entry; otherwise forgets to */
    struct iommu_entry entry[VTD_PLACES_MAX];
    uint32_t places;
    uint32_t at; /* where the entry sends */
    bool under_way;
    sim_time began;
    struct vtd_moves_done done;
};

void vtd_init(struct vtd *v, const struct vtd_config *c);

/* Table and queue; invalidates everything, waits, and turns remapping on. */
void vtd_enable(struct vtd *v, struct mem *m, const struct vtd_registers *r);

/* The same as code on a CPU, with its accesses to the registers and waits for
 * GSTS; for a unit that nobody has used yet.  Clobbers RAX. */
void vtd_build_enable(struct vtd *v, struct text *t);

/* Code that takes as long as `n` stores of 64 bits. */
void vtd_build_stores(const struct vtd *v, struct text *t, unsigned n);

/* `n` entries (a power of two) side by side; the first one's index, which is a
 * multiple of n.  The table being full is our mistake (assert). */
uint32_t vtd_allocate(struct vtd *v, uint32_t n);

/* An entry that was not present: nothing has to be invalidated. */
void vtd_fill(const struct vtd *v, struct mem *m, uint32_t index,
              const struct vtd_target *t);

/* vtd_allocate() and vtd_fill() for messages of one source, whose vectors are
 * side by side from the target's on; the first index. */
uint32_t vtd_place(struct vtd *v, struct mem *m, const struct vtd_target *first,
                   uint32_t n);

/* An entry that a guest asks its hypervisor for, which alone reaches the
 * table: what it will be. */
struct vtd_map {
    struct vtd *driver;
    struct vtd_target target;
    uint32_t address; /* what the guest was given; 0: it has not asked */
};

/* Fills the entry; the address for the guest to program its device with, data
 * 0.  The second time the same as the first. */
uint32_t vtd_map(struct vtd_map *map, struct mem *m);

/* "Remappable format": what a source writes for an entry.  With a subhandle it
 * adds the number of its message by itself, as data. */
uint32_t vtd_msi_address(uint32_t index, bool subhandle);

/* The same as the high half of an I/O APIC's redirection table entry.  The low
 * half has bit 15 of an index, the vector and the trigger mode; indices here
 * are below 8000h. */
uint32_t vtd_rte_high(uint32_t index);

/*
 * Late launch: a hypervisor under a system that runs already.  Requests pass in
 * compatibility format (CFI) until each source has been adopted: it has entries
 * that send the same vectors to the same place ("identity mapping"), and is
 * programmed with what the functions below return, masked meanwhile.
 */
struct vtd_source {
    uint32_t address; /* as the system has programmed them */
    uint16_t data;
    uint16_t sid;
    uint32_t
        messages; /* a power of two; they differ in the vector's low bits */
};

/* The new address; the data is 0 from now on. */
uint32_t vtd_adopt(struct vtd *v, struct mem *m, const struct vtd_source *s);

/* The new redirection table entry of one in compatibility format.  It keeps the
 * vector, which EOIs look for, the trigger mode, the polarity and the mask. */
uint64_t vtd_adopt_rte(struct vtd *v, struct mem *m, uint64_t rte,
                       uint16_t sid);

/* Ends CFI: what has not been adopted is blocked. */
void vtd_end_compatibility(const struct vtd_registers *r);
void vtd_build_end_compatibility(const struct vtd *v, struct text *t);

/* One more place, if there is room for it; the first one is where the entry
 * sends when the run begins. */
void vtd_move_add(struct vtd_move *move, const struct vtd_target *to);

/* Code that moves the entry on; clobbers RAX.  Interrupts are off. */
void vtd_build_move(struct vtd_move *move, struct text *t);

/* An interrupt of the entry is taken at a place. */
void vtd_move_taken(struct vtd_move *move, uint32_t place);

#endif

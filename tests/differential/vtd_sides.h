/*
 * A remapping unit of ours and QEMU's intel-iommu, to which the same is done:
 * registers, tables and queue in memory, requests of a PCI device (QEMU's
 * `edu`, whose MSI capability and trigger are written by us).
 */
#ifndef TESTS_DIFFERENTIAL_VTD_SIDES_H
#define TESTS_DIFFERENTIAL_VTD_SIDES_H

#include "models/iommu/iommu.h"
#include "sim/core/mem.h"
#include "tests/differential/qemu.h"

#define VTD_PAGES 64u
#define VTD_DEVFN 0x10u /* bus 0, device 2, function 0 */
#define VTD_QUEUE UINT64_C(0x800000)
#define VTD_STATUS UINT64_C(0x810000)
#define VTD_TABLE(i) (UINT64_C(0x200000) + 0x100000u * (i))

/* A QEMU, and what it has. */
struct vtd_peer {
    const char *name;
    struct qemu_machine machine;
    bool extended; /* 32-bit destinations can be chosen */
    bool records;  /* faults of requests, one at this offset */
    uint32_t record_at;
};

struct vtd_sides {
    const struct vtd_peer *peer;
    struct iommu unit;
    struct mem mem;
    struct mem_page page[VTD_PAGES];
    struct qemu qemu;
    uint64_t seed, step, compared, sent, faults;
    struct message ours[MESSAGES_MAX]; /* since they were forgotten */
    unsigned our_messages;
    unsigned failed;
};

/* Prints "ok" or "not ok". */
void vtd_say(struct vtd_sides *d, bool fine, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void vtd_set_up(struct vtd_sides *d);

/* Registers and memory; GCMD with some level bits changed; IRTA and SIRTP. */
void vtd_put(struct vtd_sides *d, uint32_t offset, unsigned bytes,
             uint64_t value);
void vtd_put_memory(struct vtd_sides *d, uint64_t addr, uint64_t value);
void vtd_command(struct vtd_sides *d, uint32_t set, uint32_t clear);
void vtd_set_table(struct vtd_sides *d, uint64_t irta);

/* A register of 32 bits, on both sides. */
void vtd_read(struct vtd_sides *d, uint32_t offset, uint32_t *ours,
              uint32_t *theirs);

/* F of the record that each side has; and then FSTS is written, without which
 * QEMU does not forget its fault event. */
void vtd_clear_only_record(struct vtd_sides *d);
void vtd_clear_record(struct vtd_sides *d);

/* The fault reasons in the records; 0: there is none. */
void vtd_reasons(struct vtd_sides *d, unsigned *ours, unsigned *theirs);

/* The device sends its message. */
void vtd_request(struct vtd_sides *d, uint32_t addr, uint32_t data);

/* From now on messages count. */
void vtd_forget_messages(struct vtd_sides *d);

/* What each side has said since; registers and memory.  A difference is
 * printed. */
bool vtd_same_message(struct vtd_sides *d);
bool vtd_same_faults(struct vtd_sides *d);
bool vtd_same_state(struct vtd_sides *d);

#endif

/*
 * The VT-d unit beside QEMU's intel-iommu: table entries, requests of a PCI
 * device, invalidations, waits, registers; with a newer QEMU also 32-bit
 * destinations, fault records and the fault event.
 *
 * QEMU has no posting and no entry cache.  QEMU 7.2 has no EIM without KVM and
 * does not record faults of interrupt requests: there a fault is that nothing
 * is sent.  The MSI data of its device has 16 bits, so fault 20h is not
 * reached.
 */
#include "tests/differential/vtd_duel.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/core/rng.h"
#include "tests/differential/vtd_sides.h"

#define TABLES 2u   /* for 8-bit destinations; as many for 32 bits follow */
#define ENTRIES 16u /* that are used */

struct vtd_duel {
    struct vtd_sides sides;
    struct rng rng;
    uint64_t tail;
};

static unsigned below(struct vtd_duel *d, unsigned n)
{
    return (unsigned)rng_below(&d->rng, n);
}

static void put_entry(struct vtd_sides *d, unsigned table, unsigned index,
                      struct iommu_entry e)
{
    vtd_put_memory(d, VTD_TABLE(table) + 16 * index, e.low);
    vtd_put_memory(d, VTD_TABLE(table) + 16 * index + 8, e.high);
}

/* ---- random operations ---- */

static unsigned draw_table(struct vtd_duel *d)
{
    return below(d, d->sides.peer->extended ? 2 * TABLES : TABLES);
}

/* With 8-bit destinations QEMU looks at no reserved bit of the field, so that
 * each table is for one kind. */
static uint64_t draw_destination(struct vtd_duel *d, unsigned table)
{
    if (table >= TABLES)
        return (uint64_t)below(d, UINT32_MAX) << IOMMU_IRTE_DST_SHIFT;
    return (uint64_t)below(d, 256) << IOMMU_IRTE_DST8_SHIFT;
}

static struct iommu_entry draw_entry(struct vtd_duel *d, unsigned table)
{
    static const uint8_t modes[] = {0, 0, 0, 1, 2, 4, 5, 7};
    static const uint8_t validation[] = {0, 0, 0, 0, 1, 1, 1, 1, 3};
    uint64_t low = below(d, 8) ? IOMMU_IRTE_P : 0;
    uint64_t high = below(d, 4) ? VTD_DEVFN : below(d, 65536);

    low |= below(d, 2) * IOMMU_IRTE_FPD;
    low |= below(d, 2) * IOMMU_IRTE_DM | below(d, 2) * IOMMU_IRTE_RH |
           below(d, 2) * IOMMU_IRTE_TM;
    low |= (uint64_t)modes[below(d, sizeof modes)] << IOMMU_IRTE_DLM_SHIFT;
    low |= (uint64_t)below(d, 256) << IOMMU_IRTE_VECTOR_SHIFT;
    low |= draw_destination(d, table);
    low |= (uint64_t)below(d, 16) << 8; /* available to software */
    if (!below(d, 8))
        low |= UINT64_C(1) << (24 + below(d, 8)); /* reserved */
    if (!below(d, 16))
        high |= UINT64_C(1) << (20 + below(d, 44)); /* likewise */
    high |= (uint64_t)below(d, 4) << IOMMU_IRTE_SQ_SHIFT |
            (uint64_t)validation[below(d, sizeof validation)]
                << IOMMU_IRTE_SVT_SHIFT;
    return (struct iommu_entry){low, high};
}

static bool same(struct vtd_duel *d)
{
    return vtd_same_message(&d->sides) && vtd_same_faults(&d->sides);
}

/* Then, often, the fault's record is cleared: there is one. */
static bool step_request(struct vtd_duel *d, uint32_t index)
{
    uint32_t shv = !below(d, 4), sub = below(d, 4);

    vtd_request(&d->sides, 0xfee00010u | index << 5 | shv << 3, sub);
    if (!same(d))
        return false;
    if (d->sides.peer->records && below(d, 4))
        vtd_clear_record(&d->sides);
    return true;
}

static void draw_descriptor(struct vtd_duel *d)
{
    unsigned dice = below(d, 20);
    uint64_t low = IOMMU_IEC_INVALIDATE, high = 0;

    if (dice < 6)
        low |= IOMMU_IEC_SELECTIVE | (uint64_t)below(d, ENTRIES)
                                         << IOMMU_IEC_IIDX_SHIFT;
    else if (dice < 19)
        low = IOMMU_WAIT | (below(d, 2) ? IOMMU_WAIT_SW : IOMMU_WAIT_IF) |
              (uint64_t)below(d, UINT32_MAX) << IOMMU_WAIT_DATA_SHIFT;
    else
        low = 0xf; /* no such type */
    if (low & IOMMU_WAIT_SW && (low & 0xf) == IOMMU_WAIT)
        high = VTD_STATUS;
    vtd_put_memory(&d->sides, VTD_QUEUE + d->tail, low);
    vtd_put_memory(&d->sides, VTD_QUEUE + d->tail + 8, high);
    d->tail = (d->tail + 16) % 4096;
}

/* Some descriptors; an error is mended: it becomes an invalidation. */
static bool step_queue(struct vtd_duel *d)
{
    struct vtd_sides *s = &d->sides;

    for (unsigned n = 1 + below(d, 3); n; n--)
        draw_descriptor(d);
    vtd_forget_messages(s);
    vtd_put(s, IOMMU_AT_IQT, 8, d->tail);
    if (!same(d) || !vtd_same_state(s))
        return false;
    while (s->unit.reg[IOMMU_FSTS] & IOMMU_IQE) {
        vtd_put_memory(s, VTD_QUEUE + s->unit.reg[IOMMU_IQH],
                       IOMMU_IEC_INVALIDATE);
        vtd_put(s, IOMMU_AT_FSTS, 4, IOMMU_IQE);
        vtd_put(s, IOMMU_AT_IQT, 8, d->tail);
    }
    return true;
}

/* The fault event, its causes and its records. */
static void write_fault_register(struct vtd_duel *d)
{
    struct vtd_sides *s = &d->sides;

    switch (below(d, 4)) {
    case 0:
        vtd_put(s, IOMMU_AT_FECTL, 4, below(d, 2) ? IOMMU_EVENT_MASKED : 0);
        break;
    case 1:
        vtd_put(s, IOMMU_AT_FSTS, 4, IOMMU_PFO);
        break;
    default:
        vtd_clear_record(s);
    }
}

static void set_random_table(struct vtd_duel *d)
{
    unsigned table = draw_table(d);

    vtd_set_table(&d->sides, VTD_TABLE(table) | 3 |
                                 (table < TABLES ? 0 : IOMMU_IRTA_EIME));
}

static void write_register(struct vtd_duel *d)
{
    struct vtd_sides *s = &d->sides;

    switch (below(d, s->peer->records ? 12 : 8)) {
    case 0:
        vtd_put(s, IOMMU_AT_IECTL, 4, below(d, 2) ? IOMMU_EVENT_MASKED : 0);
        break;
    case 1:
        vtd_put(s, IOMMU_AT_ICS, 4, IOMMU_ICS_IWC);
        break;
    case 2:
        vtd_put(s, IOMMU_AT_IEDATA, 4, 0x20 + below(d, 0xd0));
        break;
    case 3:
        vtd_put(s, IOMMU_AT_IEADDR, 4, 0xfee00000u | below(d, 256) << 12);
        break;
    case 4:
        vtd_command(s, below(d, 4) ? IOMMU_IRE : 0, 0);
        break;
    case 5:
        vtd_put(s, IOMMU_AT_FEADDR, 4, below(d, UINT32_MAX));
        break;
    case 6:
        vtd_put(s, IOMMU_AT_FEDATA, 4, below(d, 512));
        break;
    case 7:
        set_random_table(d);
        break;
    default:
        write_fault_register(d);
    }
}

static bool step(struct vtd_duel *d)
{
    unsigned dice = below(d, 100), index = below(d, ENTRIES);

    if (dice < 45) {
        unsigned table = draw_table(d);

        put_entry(&d->sides, table, index, draw_entry(d, table));
        return step_request(d, index);
    }
    if (dice < 75)
        return step_request(d, below(d, ENTRIES + 4));
    if (dice < 90)
        return step_queue(d);
    vtd_forget_messages(&d->sides);
    write_register(d);
    return same(d) && vtd_same_state(&d->sides);
}

/* ---- known differences ---- */

/* A fault's reason; 0: the message is sent, also where it should not be. */
static const struct known {
    const char *rule, *qemu;
    struct iommu_entry entry;
    uint32_t addr, data;
    uint8_t page_gives, qemu_gives;
} known[] = {
    {.rule = "Source validation: a bus range starts in the high byte",
     .qemu = "reads it the other way round",
     .entry = {IOMMU_IRTE_P, UINT64_C(2) << IOMMU_IRTE_SVT_SHIFT | 0x0001},
     .addr = 0xfee00030,
     .qemu_gives = IOMMU_FAULT_SOURCE_REFUSED},
    {.rule = "Entry, EIME = 0: bits 39:32 and 63:48 are reserved",
     .qemu = "ignores them",
     .entry = {IOMMU_IRTE_P | UINT64_C(1) << 32, 0},
     .addr = 0xfee00030,
     .page_gives = IOMMU_FAULT_ENTRY_INVALID},
    {.rule = "Entry: delivery modes 3 and 6 are reserved",
     .qemu = "sends them",
     .entry = {IOMMU_IRTE_P | 3u << IOMMU_IRTE_DLM_SHIFT, 0},
     .addr = 0xfee00030,
     .page_gives = IOMMU_FAULT_ENTRY_INVALID},
    {.rule = "Entry: IM is reserved without posting",
     .qemu = "ignores it",
     .entry = {IOMMU_IRTE_P | IOMMU_IRTE_IM, 0},
     .addr = 0xfee00030,
     .page_gives = IOMMU_FAULT_ENTRY_INVALID},
    {.rule = "Compatibility format is blocked without CFI",
     .qemu = "lets it pass",
     .addr = 0xfee00000,
     .data = 0x31,
     .page_gives = IOMMU_FAULT_FORMAT_BLOCKED},
    {.rule = "interrupt_index is a sum of 17 bits",
     .qemu = "drops the carry, and finds another entry",
     .entry = {IOMMU_IRTE_P, 0},
     .addr = 0xfee00010 | 0xffffc,
     .data = 2,
     .page_gives = IOMMU_FAULT_INDEX_BEYOND_TABLE},
};

static bool gives(unsigned messages, unsigned reason, uint8_t expected)
{
    return messages == !expected && reason == expected;
}

static void show(struct vtd_sides *s, const struct known *k)
{
    unsigned ours, theirs;

    put_entry(s, 0, 1, k->entry);
    vtd_request(s, k->addr, k->data);
    vtd_reasons(s, &ours, &theirs);
    if (!s->peer->records) {
        ours = s->our_messages ? 0 : k->page_gives;
        theirs = s->qemu.answer.messages ? 0 : k->qemu_gives;
    }
    vtd_say(s,
            gives(s->our_messages, ours, k->page_gives) &&
                gives(s->qemu.answer.messages, theirs, k->qemu_gives),
            "%s; QEMU %s: the page is right (%u messages, fault %x; QEMU %u, "
            "%x)",
            k->rule, k->qemu, s->our_messages, ours, s->qemu.answer.messages,
            theirs);
    vtd_clear_record(s);
}

/* A difference of fault records: the event that a fault has made pending. */
static void show_forgotten_event(struct vtd_sides *s)
{
    uint32_t ours, theirs;

    put_entry(s, 0, 1, (struct iommu_entry){0});
    vtd_request(s, 0xfee00030, 0);
    vtd_clear_only_record(s);
    vtd_read(s, IOMMU_AT_FECTL, &ours, &theirs);
    vtd_say(s, !(ours & IOMMU_EVENT_PENDING) && (theirs & IOMMU_EVENT_PENDING),
            "Clearing the last cause clears IP of its event; QEMU waits for a "
            "write of FSTS: the page is right (%x, QEMU %x)",
            ours, theirs);
    vtd_clear_record(s);
}

static void show_known(struct vtd_sides *s)
{
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
        show(s, &known[i]);
    if (s->peer->records)
        show_forgotten_event(s);
}

/* ---- the course ---- */

static const struct vtd_peer peers[] = {
    [VTD_OLD] = {.name = "VT-d",
                 .machine = {{"-machine", "q35", "-device",
                              "intel-iommu,intremap=on", "-device",
                              "edu,addr=2", "-trace", "vtd_ir_remap_msi",
                              "-trace", "vtd_irq_generate", NULL}}},
    [VTD_NEW] = {.name = "VT-d, QEMU 10",
                 .machine = {{"-machine", "q35", "-device",
                              "intel-iommu,intremap=on,eim=on", "-device",
                              "edu,addr=2", "-trace", "vtd_ir_remap_msi",
                              "-trace", "vtd_irq_generate", NULL}},
                 .extended = true,
                 .records = true,
                 .record_at = 0x220},
};

unsigned vtd_duel(const char *qemu, enum vtd_age age, uint64_t seed,
                  uint64_t steps)
{
    static struct vtd_duel d;
    struct vtd_sides *s = &d.sides;

    d = (struct vtd_duel){.sides = {.peer = &peers[age], .seed = seed}};
    rng_init(&d.rng, seed, 3);
    mem_init(&s->mem, s->page, VTD_PAGES);
    qemu_start(&s->qemu, qemu, &s->peer->machine, steps * 100 + 10000);
    vtd_set_up(s);
    if (vtd_same_state(s))
        show_known(s);
    for (s->step = 0; s->step < steps && !s->failed; s->step++)
        step(&d);
    if (!s->failed)
        vtd_say(s, true, "%" PRIu64 " random operations agree, seed %" PRIu64,
                steps, seed);
    printf("# %s: %" PRIu64 " answers compared, %" PRIu64 " messages, %" PRIu64
           " faults\n",
           s->peer->name, s->compared, s->sent, s->faults);
    qemu_stop(&s->qemu);
    return s->failed;
}

/*
 * QEMU's own trace log: `pid@seconds.micros:event ...`, and what -d int
 * writes in between.  Of the events only those of the interrupt controllers
 * count; a register access is told by the memory region and again by the
 * device.
 */
#include "models/ioapic/ioapic.h"
#include "models/lapic/lapic.h"
#include "models/pic/pic_pair.h"
#include "sim/replay/decode_machine.h"

#define PINS 24u
#define X2APIC_REGISTERS 0x100u
#define LVT_INDEXES 8u
#define LVT_INDEX_TIMER 0u

/* Words of memory_region_ops_*. */
enum { REGION_CPU = 2, REGION_ADDR = 6, REGION_VALUE = 8, REGION_SIZE = 10 };
enum { REGION_NAME = 12, REGION_WORDS };
/* apic_register_read register 0x0f = 0xff */
enum { REGISTER_NUMBER = 2, REGISTER_VALUE = 4, REGISTER_WORDS };

#define DELIVERY_WORDS 11u

/* The page's first 16 bytes and what lies beyond it are no registers: writes
 * there are messages. */
static bool is_message(uint64_t addr)
{
    return (addr & 0xfffff) > 0xfff || !(addr & 0xff0);
}

static void region(struct machine_decoder *m, bool write)
{
    static const struct {
        const char *name;
        enum machine_device device;
    } devices[] = {
        {"'apic-msi'", DEVICE_LAPIC},
        {"'ioapic'", DEVICE_IOAPIC},
        {"'pic'", DEVICE_PIC},
        {"'elcr'", DEVICE_PIC},
        {"'intel_iommu'", DEVICE_REMAPPER},
        {"'vtd-ir'", DEVICE_MESSAGES},
    };
    const size_t count = sizeof devices / sizeof devices[0];
    struct machine_access a = {.write = write, .cpu = MACHINE_NOT_A_CPU};
    struct decoder *c = m->c;
    size_t i = 0;

    while (i < count && !(c->words > REGION_NAME &&
                          word_is(&c->word[REGION_NAME], devices[i].name)))
        i++;
    if (i == count || !decode_expect_words(c, REGION_WORDS))
        return;
    if (!word_is(&c->word[REGION_CPU], "-1"))
        a.cpu = (unsigned)decode_decimal(c, REGION_CPU, MACHINE_CPUS - 1);
    a.device = devices[i].device;
    a.addr = decode_hex(c, REGION_ADDR, UINT64_MAX);
    a.value = decode_hex(c, REGION_VALUE, UINT64_MAX);
    a.bytes = (unsigned)decode_decimal(c, REGION_SIZE, 8);
    if (a.device == DEVICE_MESSAGES ||
        (write && a.device == DEVICE_LAPIC && is_message(a.addr)))
        machine_message(m, a.addr, a.value);
    else
        machine_access(m, &a);
}

static void region_read(struct machine_decoder *m)
{
    region(m, false);
}

static void region_write(struct machine_decoder *m)
{
    region(m, true);
}

static void by_number(struct machine_decoder *m, bool write)
{
    uint32_t reg;

    if (!decode_expect_words(m->c, REGISTER_WORDS))
        return;
    reg = (uint32_t)decode_hex(m->c, REGISTER_NUMBER, X2APIC_REGISTERS - 1);
    machine_by_number(m, write, reg,
                      decode_hex(m->c, REGISTER_VALUE, UINT64_MAX));
}

static void register_read(struct machine_decoder *m)
{
    by_number(m, false);
}

static void register_written(struct machine_decoder *m)
{
    by_number(m, true);
}

/* pic_set_irq master 1 irq 4 level 0 */
static void pic_line(struct machine_decoder *m)
{
    struct decoder *c = m->c;

    if (decode_expect_words(c, 7))
        machine_pic_line(m, decode_decimal(c, 2, 1) != 0,
                         (unsigned)decode_decimal(c, 4, PIC_LEVELS - 1),
                         decode_decimal(c, 6, UINT32_MAX) != 0);
}

/* ioapic_set_irq vector: 4 level: 0 */
static void pin(struct machine_decoder *m)
{
    struct decoder *c = m->c;

    if (decode_expect_words(c, 5))
        machine_pin(m, (unsigned)decode_decimal(c, 2, PINS - 1),
                    decode_decimal(c, 4, UINT32_MAX) != 0);
}

/* apic_local_deliver vector 0 delivery mode 0; the vector is the entry's
 * index */
static void fires(struct machine_decoder *m)
{
    if (decode_decimal(m->c, 2, LVT_INDEXES - 1) == LVT_INDEX_TIMER)
        machine_timer(m);
}

/* pic_interrupt irq 0 intno 8 */
static void inta(struct machine_decoder *m)
{
    if (decode_expect_words(m->c, 5))
        machine_inta(m, decode_decimal(m->c, 4, UINT8_MAX));
}

/* apic_deliver_irq dest 1 dest_mode 1 delivery_mode 0 vector 48 trigger_mode 0
 */
static void delivered(struct machine_decoder *m)
{
    struct decoder *c = m->c;
    struct machine_delivery d;

    if (!decode_expect_words(c, DELIVERY_WORDS))
        return;
    d.dest = (uint32_t)decode_decimal(c, 2, UINT32_MAX);
    d.logical = decode_decimal(c, 4, 1) != 0;
    d.mode = (uint8_t)decode_decimal(c, 6, 7);
    d.vector = (uint8_t)decode_decimal(c, 8, UINT8_MAX);
    d.level = decode_decimal(c, 10, 1) != 0;
    machine_delivered(m, &d);
}

/* cpu_set_apic_base 0x... */
static void base_written(struct machine_decoder *m)
{
    if (decode_expect_words(m->c, 2))
        machine_msr(m, true, LAPIC_MSR_APIC_BASE,
                    decode_hex(m->c, 1, UINT64_MAX));
}

static const struct {
    const char *name;
    void (*decode)(struct machine_decoder *m);
} events[] = {
    {"memory_region_ops_read", region_read},
    {"memory_region_ops_write", region_write},
    {"apic_register_read", register_read},
    {"apic_register_write", register_written},
    {"pic_set_irq", pic_line},
    {"ioapic_set_irq", pin},
    {"apic_local_deliver", fires},
    {"pic_interrupt", inta},
    {"apic_deliver_irq", delivered},
    {"cpu_set_apic_base", base_written},
};

/* The event's name without what stands before it; false if it has no such
 * prefix. */
static bool take_prefix(struct machine_decoder *m, struct word *event)
{
    struct decoder *c = m->c;
    struct word w = c->word[0];
    const char *at = memchr(w.text, '@', w.bytes);
    const char *point = memchr(w.text, '.', w.bytes);
    const char *colon = memchr(w.text, ':', w.bytes);
    struct decoder part = *c;

    if (!at || !point || !colon || at > point || colon != point + 7)
        return false;
    part.word[0] = (struct word){w.text, (size_t)(at - w.text)};
    m->current = decode_decimal(&part, 0, UINT64_MAX);
    part.word[0] = (struct word){at + 1, (size_t)(point - at) - 1};
    m->time_ns = decode_decimal(&part, 0, UINT32_MAX) * 1000000000;
    part.word[0] = (struct word){point + 1, 6};
    m->time_ns += decode_decimal(&part, 0, UINT32_MAX) * 1000;
    *event = (struct word){colon + 1, (size_t)(w.text + w.bytes - colon) - 1};
    c->bad = part.bad;
    return true;
}

static bool reads_apic(const struct decoder *c, const struct word *event)
{
    return word_is(event, "memory_region_ops_read") && c->words > REGION_NAME &&
           word_is(&c->word[REGION_NAME], "'apic-msi'");
}

static void decode_event(struct machine_decoder *m, const struct word *event)
{
    machine_event(m, reads_apic(m->c, event));
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (word_is(event, events[i].name)) {
            events[i].decode(m);
            return;
        }
}

/* What stands between the events: only a vector that is taken counts. */
static void decode_line(struct machine_decoder *m)
{
    struct decoder *c = m->c;
    struct word event;

    if (take_prefix(m, &event)) {
        decode_event(m, &event);
    } else if (c->words == 3 && word_is(&c->word[0], "Servicing") &&
               word_is(&c->word[1], "hardware")) {
        machine_taken(m, decode_behind(c, 2, "INT=0x", 16));
    }
}

void decode_qemu(struct decoder *c)
{
    machine_decode(c, decode_line);
}

/* The compact form: seq seconds thread KIND ... */
#include "models/ioapic/ioapic.h"
#include "models/lapic/lapic.h"
#include "models/pic/pic_pair.h"
#include "sim/replay/decode_machine.h"

/* The first word that belongs to the kind. */
#define ARGUMENT 4u
#define PINS 24u
#define LVT_INDEX_TIMER 0u
#define LVT_INDEXES 8u
#define X2APIC_REGISTERS 0x100u

/* Seconds with six digits behind the point. */
static uint64_t time_of(struct decoder *c)
{
    const struct word *w = &c->word[1];
    const char *point = memchr(w->text, '.', w->bytes);
    struct decoder half = *c;
    uint64_t seconds, micros;

    if (!point || w->text + w->bytes - point != 7) {
        decode_error(c, 1, "expected seconds with six decimals");
        return 0;
    }
    half.word[1].bytes = (size_t)(point - w->text);
    seconds = decode_decimal(&half, 1, UINT32_MAX);
    half.word[1] = (struct word){point + 1, 6};
    micros = decode_decimal(&half, 1, UINT32_MAX);
    c->bad = half.bad;
    return (seconds * 1000000 + micros) * 1000;
}

static unsigned cpu_of(struct decoder *c, unsigned i)
{
    uint64_t cpu;

    if (i < c->words && word_is(&c->word[i], "cpu-1"))
        return MACHINE_NOT_A_CPU;
    cpu = decode_behind(c, i, "cpu", 10);
    if (cpu >= MACHINE_CPUS)
        decode_error(c, i, "more CPUs than can be played");
    return (unsigned)cpu;
}

/* R|W cpuN dev addr size value */
static void access(struct machine_decoder *m, bool write)
{
    static const struct {
        const char *name;
        enum machine_device device;
    } devices[] = {
        {"lapic", DEVICE_LAPIC}, {"ioapic", DEVICE_IOAPIC}, {"pic", DEVICE_PIC},
        {"elcr", DEVICE_PIC},    {"vtd", DEVICE_REMAPPER},
    };
    struct decoder *c = m->c;
    struct machine_access a = {.write = write};

    if (!decode_expect_words(c, ARGUMENT + 5))
        return;
    a.cpu = cpu_of(c, ARGUMENT);
    a.addr = decode_number(c, ARGUMENT + 2, UINT64_MAX);
    a.bytes = (unsigned)decode_number(c, ARGUMENT + 3, 8);
    a.value = decode_number(c, ARGUMENT + 4, UINT64_MAX);
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (word_is(&c->word[ARGUMENT + 1], devices[i].name)) {
            a.device = devices[i].device;
            machine_access(m, &a);
            return;
        }
    decode_error(c, ARGUMENT + 1, "expected lapic, ioapic, pic, elcr or vtd");
}

static void read_access(struct machine_decoder *m)
{
    access(m, false);
}

static void write_access(struct machine_decoder *m)
{
    access(m, true);
}

/* r|w regs x2/mmio reg size value */
static void by_number(struct machine_decoder *m, bool write)
{
    struct decoder *c = m->c;
    uint32_t reg;

    if (!decode_expect_words(c, ARGUMENT + 5))
        return;
    reg = (uint32_t)decode_number(c, ARGUMENT + 2, X2APIC_REGISTERS - 1);
    machine_by_number(m, write, reg,
                      decode_number(c, ARGUMENT + 4, UINT64_MAX));
}

static void read_by_number(struct machine_decoder *m)
{
    by_number(m, false);
}

static void write_by_number(struct machine_decoder *m)
{
    by_number(m, true);
}

/* L gsi n v, L pic chip irq v, L ioapic pin v: the chips' lines are played,
 * which follow from the first. */
static void line(struct machine_decoder *m)
{
    struct decoder *c = m->c;
    unsigned last = c->words - 1;
    bool high;

    if (c->words <= ARGUMENT) {
        decode_error(c, ARGUMENT, "the line ends too early");
        return;
    }
    high = decode_number(c, last, UINT64_MAX) != 0;
    if (word_is(&c->word[ARGUMENT], "pic")) {
        if (decode_expect_words(c, ARGUMENT + 4))
            machine_pic_line(
                m, decode_number(c, ARGUMENT + 1, 1) != 0,
                (unsigned)decode_number(c, ARGUMENT + 2, PIC_LEVELS - 1), high);
    } else if (word_is(&c->word[ARGUMENT], "ioapic")) {
        if (decode_expect_words(c, ARGUMENT + 3))
            machine_pin(m, (unsigned)decode_number(c, ARGUMENT + 1, PINS - 1),
                        high);
    } else if (word_is(&c->word[ARGUMENT], "gsi")) {
        decode_expect_words(c, ARGUMENT + 3);
    } else {
        decode_error(c, ARGUMENT, "expected gsi, pic or ioapic");
    }
}

/* M cpuN addr data */
static void message(struct machine_decoder *m)
{
    struct decoder *c = m->c;

    if (!decode_expect_words(c, ARGUMENT + 3))
        return;
    cpu_of(c, ARGUMENT);
    machine_message(m, decode_number(c, ARGUMENT + 1, UINT32_MAX),
                    decode_number(c, ARGUMENT + 2, UINT32_MAX));
}

/* D dest dest-mode delivery-mode vector trigger */
static void delivered(struct machine_decoder *m)
{
    struct decoder *c = m->c;
    struct machine_delivery d;

    if (!decode_expect_words(c, ARGUMENT + 5))
        return;
    d.dest = (uint32_t)decode_decimal(c, ARGUMENT, UINT32_MAX);
    d.logical = decode_decimal(c, ARGUMENT + 1, 1) != 0;
    d.mode = (uint8_t)decode_decimal(c, ARGUMENT + 2, 7);
    d.vector = (uint8_t)decode_decimal(c, ARGUMENT + 3, UINT8_MAX);
    d.level = decode_decimal(c, ARGUMENT + 4, 1) != 0;
    machine_delivered(m, &d);
}

/* V idx mode */
static void fires(struct machine_decoder *m)
{
    if (decode_number(m->c, ARGUMENT, LVT_INDEXES - 1) == LVT_INDEX_TIMER)
        machine_timer(m);
}

/* P irq vec */
static void inta(struct machine_decoder *m)
{
    if (decode_expect_words(m->c, ARGUMENT + 2))
        machine_inta(m, decode_number(m->c, ARGUMENT + 1, UINT8_MAX));
}

/* A vec */
static void taken(struct machine_decoder *m)
{
    if (decode_expect_words(m->c, ARGUMENT + 1))
        machine_taken(m, decode_number(m->c, ARGUMENT, UINT8_MAX));
}

/* B base v */
static void base_written(struct machine_decoder *m)
{
    if (decode_expect_words(m->c, ARGUMENT + 2))
        machine_msr(m, true, LAPIC_MSR_APIC_BASE,
                    decode_number(m->c, ARGUMENT + 1, UINT64_MAX));
}

static void nothing(struct machine_decoder *m)
{
    (void)m;
}

static const struct {
    const char *name;
    void (*decode)(struct machine_decoder *m);
} kinds[] = {
    {"R", read_access},     {"W", write_access}, {"r", read_by_number},
    {"w", write_by_number}, {"L", line},         {"M", message},
    {"V", fires},           {"P", inta},         {"A", taken},
    {"B", base_written},    {"b", nothing}, /* a read of APIC_BASE has no answer
                                               to compare */
    {"D", delivered},       {"X", nothing},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static bool reads_apic(const struct decoder *c)
{
    return word_is(&c->word[3], "R") && c->words > ARGUMENT + 1 &&
           word_is(&c->word[ARGUMENT + 1], "lapic");
}

static void decode_line(struct machine_decoder *m)
{
    struct decoder *c = m->c;

    if (c->words < ARGUMENT) {
        decode_error(c, c->words, "the line ends too early");
        return;
    }
    m->time_ns = time_of(c);
    m->current = decode_behind(c, 2, "t", 10);
    machine_event(m, reads_apic(c));
    for (size_t i = 0; i < KINDS && !c->bad; i++)
        if (word_is(&c->word[3], kinds[i].name)) {
            kinds[i].decode(m);
            return;
        }
    decode_error(c, 3, "expected R, W, r, w, L, M, D, V, P, A, B, b or X");
}

void decode_boot(struct decoder *c)
{
    machine_decode(c, decode_line);
}

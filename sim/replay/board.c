/* The wires between the models; every call leaves nothing on its way. */
#include "sim/replay/board.h"

/* Message address and data, as a local APIC reads them. */
#define ADDR_HINT (1u << 3)
#define ADDR_LOGICAL (1u << 2)
#define DATA_LEVEL (1u << 15)

#define VERSION_82093_LATER 0x0020
#define PINS 24u

static void apply(struct board *b, unsigned cpu, const struct lapic_out *out);

static struct lapic_time now(const struct board *b)
{
    return (struct lapic_time){.timer_edge = b->now_ns};
}

void board_init(struct board *b, unsigned cpus)
{
    struct ioapic_config ioapic = {PINS, VERSION_82093_LATER};
    struct lapic_config lapic = {
        .features = LAPIC_HAS_X2APIC | LAPIC_HAS_TSC_DEADLINE,
    };

    /* what a recorded unit's page does not say is of no account */
    const struct iommu_config remapper = {.faults = 1, .extended = true};

    *b = (struct board){.cpus = cpus};
    iommu_init(&b->remapper, &remapper);
    for (unsigned i = 0; i < cpus; i++) {
        lapic.id = i;
        lapic.bsp = i == 0;
        lapic_init(&b->lapic[i], &lapic);
    }
    ioapic_init(&b->ioapic, &ioapic);
    pic_pair_init(&b->pic, false);
}

/* ---- messages ---- */

/* Whether the local APIC has it. */
static bool arrive(struct board *b, unsigned cpu, const struct msg_apic *m)
{
    struct lapic_out out = lapic_accept(&b->lapic[cpu], m);
    uint8_t fate = out.taken.fate;

    apply(b, cpu, &out);
    return fate == LAPIC_FATE_ACCEPTED || fate == LAPIC_FATE_MERGED ||
           fate == LAPIC_FATE_FORWARDED;
}

static bool matches(const struct board *b, unsigned cpu,
                    const struct msg_apic *m)
{
    if (m->shorthand == SHORTHAND_SELF)
        return b->lapic[cpu].config.id == m->sender;
    return lapic_matches(&b->lapic[cpu], m);
}

/* The matching, enabled APIC with the smallest TPR.  The manual leaves ties
 * open; the recorded machines choose the lowest ID. */
static int arbitrate(const struct board *b, const struct msg_apic *m)
{
    int winner = -1;

    for (unsigned i = 0; i < b->cpus; i++) {
        const struct lapic *l = &b->lapic[i];

        if (matches(b, i, m) && lapic_software_enabled(l) &&
            (winner < 0 || l->tpr < b->lapic[winner].tpr))
            winner = (int)i;
    }
    return winner;
}

/* Whether any local APIC has taken it. */
static bool deliver(struct board *b, const struct msg_apic *m)
{
    bool targets[BOARD_CPUS], taken = false;
    bool lowest = m->mode == DELIVERY_LOWEST && m->logical;
    int winner = lowest ? arbitrate(b, m) : -1;

    if (m->mode == DELIVERY_FIXED || m->mode == DELIVERY_LOWEST)
        vecset_add(&b->mark.vectors, m->vector);
    for (unsigned i = 0; i < b->cpus; i++)
        targets[i] = lowest ? (int)i == winner : matches(b, i, m);
    for (unsigned i = 0; i < b->cpus; i++)
        if (targets[i])
            taken |= arrive(b, i, m);
    return taken;
}

/* "Message Address Register Format", "Message Data Register Format".
 * Without a remapper address bits 11:4 are nobody's. */
bool board_message(struct board *b, const struct ioapic_message *s)
{
    bool logical = s->addr & ADDR_LOGICAL;
    struct msg_apic m = {
        .dest = s->addr >> 12 & 0xff,
        .sender = UINT32_MAX,
        .vector = s->data & 0xff,
        .mode = s->data >> 8 & 7,
        .logical = logical,
        .level_trigger = (s->data & DATA_LEVEL) != 0,
        .assert_level = true,
        .dest8 = true,
    };

    if ((s->addr & ADDR_HINT) && logical && m.mode == DELIVERY_FIXED)
        m.mode = DELIVERY_LOWEST;
    return board_remaps(b) || deliver(b, &m);
}

void board_delivered(struct board *b, const struct iommu_message *d)
{
    struct msg_apic m = {
        .dest = d->dest,
        .sender = UINT32_MAX,
        .vector = d->vector,
        .mode = d->mode,
        .logical = d->logical,
        .level_trigger = d->level,
        .assert_level = true,
        .dest8 = d->dest8,
    };

    deliver(b, &m);
}

/* Sends what the I/O APIC has to send. */
static void pump(struct board *b)
{
    while (ioapic_waiting(&b->ioapic)) {
        struct ioapic_sent s = ioapic_take(&b->ioapic);
        bool taken = board_message(b, &s.message);

        b->mark.lines |= 1u << s.pin;
        if (b->sent_count < BOARD_MESSAGES)
            b->sent[b->sent_count++] = s.message;
        if (s.level)
            ioapic_answer(&b->ioapic, s.pin, taken);
    }
}

/* ---- local APICs ---- */

static void apply(struct board *b, unsigned cpu, const struct lapic_out *out)
{
    struct lapic_out reset;

    b->intr[cpu] = out->intr;
    b->extint[cpu] = out->extint;
    if (out->taken.fate != LAPIC_FATE_NONE && out->taken.mode == DELIVERY_FIXED)
        vecset_add(&b->mark.vectors, out->taken.vector);
    if (out->taken.fate == LAPIC_FATE_FORWARDED &&
        out->taken.mode == DELIVERY_INIT) {
        reset = lapic_reset(&b->lapic[cpu], LAPIC_INIT);
        apply(b, cpu, &reset);
    }
    if (out->send)
        deliver(b, &out->message);
    if (out->eoi) {
        b->mark.serves = true;
        vecset_add(&b->mark.vectors, out->eoi_vector);
    }
    if (out->eoi_bcast) {
        ioapic_eoi(&b->ioapic, out->eoi_vector);
        pump(b);
    }
}

static void touch_apic(struct board *b, unsigned cpu, uint32_t offset)
{
    b->mark.reg = board_register(SPACE_APIC, cpu, offset);
}

void board_apic_write(struct board *b, unsigned cpu, struct lapic_mmio a)
{
    struct lapic_out out;

    touch_apic(b, cpu, a.offset);
    b->mark.changes = true;
    out = lapic_write(&b->lapic[cpu], &a, now(b));
    apply(b, cpu, &out);
}

uint64_t board_apic_read(struct board *b, unsigned cpu, struct lapic_mmio a)
{
    struct lapic_out out;

    touch_apic(b, cpu, a.offset);
    out = lapic_read(&b->lapic[cpu], &a, now(b));
    apply(b, cpu, &out);
    return a.value;
}

static void touch_msr(struct board *b, unsigned cpu, uint32_t msr)
{
    if (msr >= LAPIC_MSR_FIRST && msr <= LAPIC_MSR_LAST)
        touch_apic(b, cpu, (msr - LAPIC_MSR_FIRST) * 16);
    else
        b->mark.reg = board_register(SPACE_MSR, cpu, msr);
}

bool board_wrmsr(struct board *b, unsigned cpu, uint32_t msr, uint64_t value)
{
    struct lapic_out out;

    touch_msr(b, cpu, msr);
    b->mark.changes = true;
    out = lapic_wrmsr(&b->lapic[cpu], msr, value, now(b));
    apply(b, cpu, &out);
    return !out.gp;
}

bool board_rdmsr(struct board *b, unsigned cpu, uint32_t msr, uint64_t *value)
{
    struct lapic_out out;

    touch_msr(b, cpu, msr);
    out = lapic_rdmsr(&b->lapic[cpu], msr, now(b), value);
    apply(b, cpu, &out);
    return !out.gp;
}

int board_eligible(const struct board *b, unsigned cpu)
{
    struct lapic copy = b->lapic[cpu];
    uint8_t vector;

    if (!b->intr[cpu] || lapic_acknowledge(&copy, &vector).spurious)
        return -1;
    return vector;
}

uint8_t board_take(struct board *b, unsigned cpu)
{
    uint8_t vector;
    struct lapic_out out = lapic_acknowledge(&b->lapic[cpu], &vector);

    apply(b, cpu, &out);
    vecset_add(&b->mark.vectors, vector);
    b->mark.serves = true;
    return vector;
}

bool board_timer_armed(const struct board *b, unsigned cpu, uint64_t *at)
{
    struct lapic_due due = lapic_timer_due(&b->lapic[cpu]);

    *at = due.at;
    return due.clock == LAPIC_DUE_TIMER_EDGE;
}

void board_timer(struct board *b, unsigned cpu)
{
    struct lapic_out out;

    touch_apic(b, cpu, LAPIC_LVT_TIMER);
    out = lapic_timer_expire(&b->lapic[cpu]);
    apply(b, cpu, &out);
}

/* ---- 8259As ---- */

static void drive_lint0(struct board *b, bool high)
{
    for (unsigned i = 0; i < b->cpus; i++) {
        struct lapic_out out = lapic_set_lint(&b->lapic[i], 0, high);

        apply(b, i, &out);
    }
}

static void apply_pic(struct board *b, const struct pic_out *out)
{
    if (out->dipped)
        drive_lint0(b, false);
    drive_lint0(b, out->intr);
    if (out->acked >= 0) {
        b->mark.lines |= 1u << out->acked;
        b->mark.serves = true;
    }
    b->mark.lines |= out->born | out->withdrawn | out->ended;
}

void board_port_write(struct board *b, struct pic_access a)
{
    struct pic_out out = pic_pair_write(&b->pic, &a);

    b->mark.reg = board_register(SPACE_PORT, 0, a.port);
    b->mark.changes = true;
    apply_pic(b, &out);
}

uint32_t board_port_read(struct board *b, struct pic_access a)
{
    struct pic_out out = pic_pair_read(&b->pic, &a);

    b->mark.reg = board_register(SPACE_PORT, 0, a.port);
    apply_pic(b, &out);
    return a.value;
}

void board_pic_line(struct board *b, unsigned line, bool high)
{
    const struct pic *chip = &b->pic.chip[line / PIC_LEVELS];
    bool was_high = chip->line >> line % PIC_LEVELS & 1;
    struct pic_out out = pic_pair_set_line(&b->pic, line, high);

    if (was_high != high)
        b->mark.lines |= 1u << line;
    apply_pic(b, &out);
}

uint8_t board_inta(struct board *b, unsigned cpu)
{
    uint8_t vector;
    struct pic_out out = pic_pair_acknowledge(&b->pic, &vector);
    struct lapic_out apic;

    apply_pic(b, &out);
    apic = lapic_acknowledge_extint(&b->lapic[cpu]);
    apply(b, cpu, &apic);
    vecset_add(&b->mark.vectors, vector);
    return vector;
}

/* ---- I/O APIC ---- */

static bool is_entry(uint8_t index)
{
    return index >= IOAPIC_AT_RTE_LOW && index < IOAPIC_AT_RTE_LOW + 2 * PINS;
}

static void touch_ioapic(struct board *b, uint32_t offset)
{
    uint8_t index = b->ioapic.select;

    if (offset != IOAPIC_IOWIN) {
        b->mark.reg = board_register(SPACE_WINDOW, 0, offset);
        return;
    }
    b->mark.reg = board_register(SPACE_IOAPIC, 0, index);
    if (is_entry(index))
        b->mark.lines |= 1u << (index - IOAPIC_AT_RTE_LOW) / 2;
}

void board_ioapic_write(struct board *b, struct ioapic_mmio a)
{
    touch_ioapic(b, a.offset);
    b->mark.changes = a.offset != IOAPIC_IOREGSEL;
    if (b->mark.changes && is_entry(b->ioapic.select) &&
        !(b->ioapic.select & 1)) /* the low half has the vector */
        vecset_add(&b->mark.vectors, (uint8_t)a.value);
    ioapic_write(&b->ioapic, &a);
    pump(b);
}

uint64_t board_ioapic_read(struct board *b, struct ioapic_mmio a)
{
    touch_ioapic(b, a.offset);
    ioapic_read(&b->ioapic, &a);
    return a.value;
}

void board_pin(struct board *b, unsigned pin, bool high)
{
    if (vecset_has(&b->ioapic.high, (uint8_t)pin) != high)
        b->mark.lines |= 1u << pin;
    ioapic_set_pin(&b->ioapic, pin, high);
    pump(b);
}

/* ---- remapper ---- */

bool board_remaps(const struct board *b)
{
    return b->remapper.reg[IOMMU_GSTS] & IOMMU_IRE;
}

/* A recording lacks what is in the queue: each descriptor is one that has no
 * effect here. */
static void drain_queue(struct iommu *u)
{
    const uint64_t descriptor[2] = {IOMMU_IEC_INVALIDATE};
    struct iommu_out out;

    while (iommu_wants(u, IOMMU_PORT_QUEUE))
        iommu_answer(u, IOMMU_PORT_QUEUE, descriptor, &out);
}

void board_remapper_write(struct board *b, struct iommu_mmio a)
{
    b->mark.reg = board_register(SPACE_REMAPPER, 0, a.offset);
    b->mark.changes = true;
    iommu_write(&b->remapper, &a);
    drain_queue(&b->remapper);
}

uint64_t board_remapper_read(struct board *b, struct iommu_mmio a)
{
    b->mark.reg = board_register(SPACE_REMAPPER, 0, a.offset);
    iommu_read(&b->remapper, &a);
    return a.value;
}

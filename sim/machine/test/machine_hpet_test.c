/* The HPET in whole machines: ticks of programs, its registers, its messages
 * through the remapping unit, its lines at both controllers. */
#include "sim/machine/state.h"
#include "sim/machine/test/rig.h"

static const struct tick_row {
    const char *name;
    enum scenario_timer_source source;
    uint32_t units;
    const char *by; /* whose interrupts they are */
} tick_rows[] = {
    {"message", TIMER_HPET_MESSAGE, 0, "hpet"},
    {"message_remapped", TIMER_HPET_MESSAGE, 2, "hpet"},
    {"line", TIMER_HPET_LINE, 0, "ioapic"},
    {"line_remapped", TIMER_HPET_LINE, 2, "ioapic"},
    {"legacy", TIMER_HPET_LEGACY, 0, "ioapic"},
};

/* Two CPUs, each of whose programs has a tick of its own. */
static struct scenario ticking(const struct tick_row *row)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_IDLE);

    rig_pulses(&s, PULSE_PERIODIC, SIM_S);
    s.machine.ioapic.pins = 24;
    s.machine.hpet.timers = 4;
    s.machine.hpet.hz = 14318180;
    s.machine.hpet.unit = row->units ? 1 : 0;
    s.machine.iommu = rig_iommu(row->units, true);
    for (uint32_t i = 0; i < s.program_count; i++) {
        s.program[i].timer_hz = 10000 * (i + 1);
        s.program[i].timer_source = row->source;
    }
    s.duration = 10 * SIM_MS;
    return s;
}

static struct machine *silent(const struct scenario *s)
{
    struct machine *m = machine_build(s);

    machine_run(m, s->warmup);
    return m;
}

TEST_EACH(machine_hpet, each_program_has_the_tick_that_it_asked_for,
          struct tick_row, tick_rows)
{
    struct scenario s = ticking(row);
    struct machine *m = machine_build(&s);
    struct figures f;
    char key[64];

    rig_finish(m, &f);
    snprintf(key, sizeof key, "interrupts.by_source.%s.delivered", row->by);
    EXPECT_GE(rig_count(&f, key), 299);
    EXPECT_LE(rig_count(&f, key), 302);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_EQ(m->hpet->messages[0] > 0, row->source == TIMER_HPET_MESSAGE);
    EXPECT_EQ(m->hpet->messages[2], 0);
    for (unsigned i = 0; i < row->units; i++)
        EXPECT_EQ(m->unit[i].node.counts.remapped > 0,
                  i == (row->source == TIMER_HPET_MESSAGE), "unit %u", i);
    figures_free(&f);
    machine_free(m);
}

TEST(machine_hpet, tick_of_a_thousand_hertz_is_14318_counts)
{
    struct scenario s = ticking(&tick_rows[0]);
    struct machine *m;

    s.program[0].timer_hz = 1000;
    s.duration = 10 * SIM_MS;
    m = silent(&s);
    EXPECT_EQ(m->hpet->hpet.timer[0].period, 14318);
    EXPECT_EQ(m->hpet->hpet.timer[1].period, 14318180 / 20000);
    EXPECT_EQ(m->hpet->config.clock.period, 69841279);
    machine_free(m);
}

/* ---- registers ---- */

TEST(machine_hpet, registers_are_a_kilobyte_at_fed00000)
{
    struct scenario s = ticking(&tick_rows[0]);
    struct machine *m = silent(&s);
    uint64_t value = 0;
    uint32_t half = 0;

    machine_read(m, 0xfed00000, &value, 8);
    EXPECT_EQ(value, UINT64_C(0x0429b17f8086a301));
    machine_read(m, 0xfed00104, &half, 4);
    EXPECT_EQ(half, 0x00f00000);
    machine_write(m, 0xfed003fc, &half, 4);
    EXPECT_EQ(m->hpet->warnings[HPET_WARNING_HOLE], 1);
    machine_write(m, 0xfed00400, &half, 4);
    machine_read(m, 0xfed00400, &value, 8);
    EXPECT_EQ(value, 0x00f00000, "memory begins behind it");
    machine_write(m, 0xfed003fc, &value, 8);
    EXPECT_EQ(m->outside_refused, 1, "half of it is no register");
    EXPECT_EQ(m->hpet->warnings[HPET_WARNING_HOLE], 1);
    machine_free(m);
}

TEST(machine_hpet, without_timers_its_registers_are_memory)
{
    struct scenario s = ticking(&tick_rows[0]);
    struct machine *m;
    uint32_t value = 1;

    s.machine.hpet.timers = 0;
    for (uint32_t i = 0; i < s.program_count; i++)
        s.program[i].timer_source = TIMER_LAPIC;
    m = silent(&s);
    machine_read(m, HPET_BASE, &value, 4);
    EXPECT_EQ(value, 0);
    machine_free(m);
}

TEST(machine_hpet, warnings_are_among_the_figures)
{
    struct scenario s = ticking(&tick_rows[0]);
    struct machine *m = silent(&s);
    uint32_t value = 0;
    struct figures f;

    machine_read(m, HPET_BASE + 0x18, &value, 4);
    machine_write(m, HPET_BASE + HPET_AT_MAIN_CNT + 4, &value, 4);
    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "warnings.hpet.hole"), 1);
    EXPECT_EQ(rig_count(&f, "warnings.hpet.running"), 1);
    figures_free(&f);
    machine_free(m);
}

/* ---- messages ---- */

/* Timer 3, which no program has, sends one message. */
static void fire(struct machine *m, uint32_t address, uint32_t data)
{
    uint64_t route = (uint64_t)address << 32 | data, counter;
    uint32_t conf = HPET_INT_ENB_CNF | HPET_FSB_EN_CNF;
    uint64_t timer = HPET_BASE + 3 * HPET_TIMER_STEP;

    machine_read(m, HPET_BASE + HPET_AT_MAIN_CNT, &counter, 8);
    counter += 10;
    machine_write(m, timer + HPET_AT_TN_FSB, &route, 8);
    machine_write(m, timer + HPET_AT_TN_COMP, &counter, 8);
    machine_write(m, timer + HPET_AT_TN_CONF, &conf, 4);
    machine_run(m, machine_now(m) + 20 * SIM_US);
    EXPECT_EQ(m->hpet->messages[3] > 0, true);
}

static uint64_t ended(const struct machine *m, enum irq_reason why)
{
    return m->irqs.count[m->hpet->config.irq_source].by_reason[why];
}

/* No program ticks, so that nothing but timer 3 is heard. */
static struct machine *remapped(struct scenario *s)
{
    *s = ticking(&tick_rows[1]);
    for (uint32_t i = 0; i < s->program_count; i++)
        s->program[i].timer_hz = 0;
    return silent(s);
}

TEST(machine_hpet, remapped_message_needs_an_entry_for_its_source_id)
{
    struct scenario s;
    struct machine *m = remapped(&s);
    struct machine_unit *u = remap_unit_of(m, HPET_REQUESTER);
    struct vtd_target to = {.vector = 0x35, .sid = HPET_REQUESTER};
    uint32_t own = remap_entries(u, &to, 1), other;

    EXPECT_TRUE(u == &m->unit[1], "the unit whose scope has it");
    to.sid ^= 0x0100;
    other = remap_entries(u, &to, 1);
    fire(m, vtd_msi_address(own, false), 0);
    EXPECT_EQ(ended(m, IRQ_UNHANDLED), 1, "no handler: it has arrived");
    fire(m, vtd_msi_address(other, false), 0);
    EXPECT_EQ(ended(m, IRQ_SOURCE_REFUSED), 1);
    EXPECT_EQ(u->node.counts.remapped, 1);
    EXPECT_EQ(u->node.counts.blocked, 1);
    EXPECT_EQ(iommu_node_read(&u->node, IOMMU_AT_FRCD_HIGH, 4) & 0xffff,
              HPET_REQUESTER, "the record names it");
    machine_free(m);
}

/* Some blocks send as several functions: their entries leave it open. */
TEST(machine_hpet, entry_of_a_tick_leaves_the_function_open)
{
    struct scenario s = ticking(&tick_rows[1]);
    struct machine *m;
    uint64_t sent;

    s.program[1].timer_hz = 0;
    s.machine.hpet.unit = 0; /* which has what is in no scope */
    m = silent(&s);
    m->hpet->config.requester ^= 7;
    sent = m->hpet->messages[0];
    machine_run(m, machine_now(m) + SIM_MS);
    EXPECT_GT(m->hpet->messages[0], sent);
    EXPECT_EQ(ended(m, IRQ_SOURCE_REFUSED), 0);
    m->hpet->config.requester ^= 8;
    sent = m->hpet->messages[0];
    machine_run(m, machine_now(m) + SIM_MS);
    EXPECT_GT(m->hpet->messages[0], sent);
    EXPECT_EQ(ended(m, IRQ_SOURCE_REFUSED), m->hpet->messages[0] - sent,
              "another device's");
    machine_free(m);
}

TEST(machine_hpet, message_in_compatibility_format_is_blocked)
{
    struct scenario s;
    struct machine *m = remapped(&s);

    fire(m, 0xfee00000, 0x35);
    EXPECT_EQ(ended(m, IRQ_FORMAT_BLOCKED), 1);
    machine_free(m);
    s.machine.iommu.units = 0;
    s.machine.hpet.unit = 0;
    m = silent(&s);
    fire(m, 0xfee00000, 0x35);
    EXPECT_EQ(ended(m, IRQ_UNHANDLED), 1, "without a unit it arrives");
    machine_free(m);
}

TEST(machine_hpet, message_elsewhere_is_a_write_to_memory)
{
    struct scenario s;
    struct machine *m = remapped(&s);

    fire(m, 0x00123450, 0x11223344);
    EXPECT_EQ(mem_read64(&m->mem, 0x00123450), 0x11223344);
    machine_free(m);
}

/* ---- lines ---- */

static void write32(struct machine *m, uint64_t addr, uint32_t value)
{
    machine_write(m, addr, &value, sizeof value);
}

static bool pin_high(const struct machine *m, unsigned pin)
{
    return vecset_has(&m->ioapic->ioapic.high, (uint8_t)pin);
}

TEST(machine_hpet, level_line_stays_up_until_its_status_is_cleared)
{
    struct scenario s = ticking(&tick_rows[0]);
    struct machine *m = silent(&s);
    uint64_t timer = HPET_BASE + 2 * HPET_TIMER_STEP;

    write32(m, timer + HPET_AT_TN_COMP, 100);
    write32(m, HPET_BASE + HPET_AT_GEN_CONF, 0);
    write32(m, HPET_BASE + HPET_AT_MAIN_CNT, 0);
    write32(m, timer + HPET_AT_TN_COMP + 4, 0);
    write32(m, timer + HPET_AT_TN_CONF,
            HPET_INT_ENB_CNF | HPET_INT_TYPE_CNF | 22 << 9);
    write32(m, HPET_BASE + HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
    EXPECT_FALSE(pin_high(m, 22));
    machine_run(m, machine_now(m) + 8 * SIM_US);
    EXPECT_TRUE(pin_high(m, 22), "active high");
    write32(m, HPET_BASE + HPET_AT_GINTR_STA, 1u << 2);
    EXPECT_FALSE(pin_high(m, 22));
    machine_free(m);
}

TEST(machine_hpet, legacy_replacement_reaches_both_controllers)
{
    struct scenario s = ticking(&tick_rows[4]);
    struct machine *m;

    s.machine.pic.virtual_wire = VIRTUAL_WIRE_LINT0;
    m = silent(&s);
    machine_run(m, machine_now(m) + 25 * SIM_US); /* between two edges */
    EXPECT_TRUE(pin_high(m, 2) && pin_high(m, 8));
    EXPECT_EQ(m->pic->pair.chip[PIC_MASTER].line & 0x5, 1, "IRQ 0, not 2");
    EXPECT_EQ(m->pic->pair.chip[PIC_SLAVE].line, 1, "IRQ 8");
    write32(m, HPET_BASE + HPET_AT_GEN_CONF, HPET_LEG_RT_CNF);
    EXPECT_FALSE(pin_high(m, 2) || pin_high(m, 8));
    EXPECT_EQ(m->pic->pair.chip[PIC_MASTER].line & 1, 0);
    EXPECT_EQ(m->pic->pair.chip[PIC_SLAVE].line & 1, 0);
    machine_free(m);
}

TEST(machine_hpet, is_part_of_the_state)
{
    struct scenario s = ticking(&tick_rows[0]);
    struct machine *m = silent(&s);
    uint64_t before = machine_hash(m);

    m->hpet->hpet.timer[3].fsb ^= 1;
    EXPECT_NE(machine_hash(m), before);
    machine_free(m);
}

TEST(machine_hpet, its_events_have_words)
{
    struct scenario s = ticking(&tick_rows[2]);
    struct machine *m = silent(&s);
    char text[128];

    machine_describe(m, &m->hpet->match, (struct words){text, sizeof text});
    EXPECT_STREQ(text, "a timer of the HPET matches");
    machine_describe(m, &m->hpet->rise, (struct words){text, sizeof text});
    EXPECT_STREQ(text, "a line of the HPET rises");
    machine_free(m);
}

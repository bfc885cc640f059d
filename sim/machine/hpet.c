/*
 * The HPET of the machine: a block of timers in the chipset, with a source-id
 * of its own, whose main counter the firmware has started.
 *
 * Timers 0 to 3 can have pins 20 to 23 of the I/O APIC; all can send messages.
 * Which one a program's timer is, and where its interrupts go, is set before
 * the run; the program starts it.
 */
#include "sim/machine/machine_private.h"

#define ALL_FUNCTIONS 3u /* SQ 11: some blocks send as several */
#define ROUTES (0xfu << SCENARIO_HPET_LINE)

struct hpet_node *hpet_at(struct machine *m, uint64_t addr)
{
    return m->hpet && addr - HPET_BASE < HPET_BYTES ? m->hpet : NULL;
}

static bool is_legacy(const struct machine *m)
{
    const struct scenario *s = m->scenario;

    for (uint32_t vm = 0; vm < s->vm_count; vm++)
        if (scenario_uses_hpet(s, vm) &&
            s->program[s->vm[vm].program].timer_source == TIMER_HPET_LEGACY)
            return true;
    return false;
}

static struct hpet_node_config config_of(struct machine *m)
{
    const struct scenario *s = m->scenario;
    struct hpet_node_config config = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .clock = clock_from_hz(s->machine.hpet.hz),
        .hpet = {.timers = s->machine.hpet.timers},
        .requester = HPET_REQUESTER,
        .irq_source = machine_add_source(m, "hpet"),
        .upstream = {bus_upstream, m},
        .lines = lines_hpet(m),
    };

    for (unsigned n = 0; n < SCENARIO_HPET_LINES && n < config.hpet.timers; n++)
        config.hpet.routes[n] = ROUTES;
    return config;
}

void hpet_build(struct machine *m)
{
    struct hpet_node_config config;

    if (!m->scenario->machine.hpet.timers)
        return;
    config = config_of(m);
    m->hpet = arena_take(&m->arena, 1, sizeof *m->hpet);
    hpet_node_init(m->hpet, &config);
    hpet_node_write(m->hpet, HPET_AT_GEN_CONF, 4,
                    HPET_ENABLE_CNF | (is_legacy(m) ? HPET_LEG_RT_CNF : 0u));
}

/* ---- a program's timer ---- */

/* Where its messages go. */
static uint64_t message_of(struct machine *m, unsigned cpu)
{
    struct vtd_target to = {.apic_id = cpu,
                            .vector = WORKLOAD_TIMER_VECTOR,
                            .open_functions = ALL_FUNCTIONS,
                            .sid = HPET_REQUESTER};
    struct machine_unit *u = remap_unit_of(m, HPET_REQUESTER);
    uint64_t address = MSI_BASE | cpu << 12;

    if (!u)
        return address << 32 | to.vector;
    address = vtd_msi_address(remap_entries(u, &to, 1), false);
    return address << 32;
}

struct hpet_code hpet_timer_of(struct machine *m, const struct machine_vcpu *v)
{
    const struct scenario *s = m->scenario;
    const struct scenario_program *p = &s->program[v->vm->program];
    uint32_t vm = (uint32_t)(v->vm - s->vm);
    struct hpet_code code = {.timer = scenario_hpet_timer(s, vm)};
    uint32_t line = scenario_hpet_line(s, vm);

    if (!scenario_uses_hpet(s, vm))
        return code;
    code.registers = HPET_BASE;
    code.period = (uint32_t)(s->machine.hpet.hz / p->timer_hz);
    if (p->timer_source == TIMER_HPET_MESSAGE) {
        code.conf = HPET_FSB_EN_CNF;
        hpet_node_write(m->hpet, HPET_AT_TN_FSB + HPET_TIMER_STEP * code.timer,
                        8, message_of(m, v->cpu));
        return code;
    }
    install_edge(m, line, v->cpu, WORKLOAD_TIMER_VECTOR);
    if (p->timer_source == TIMER_HPET_LINE)
        code.conf = line << __builtin_ctz(HPET_INT_ROUTE_CNF);
    return code;
}

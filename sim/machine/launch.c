/*
 * Late launch: interrupts that were programmed without remapping units are
 * remapped during the run, by code on the CPU of one virtual machine on bare
 * metal.
 */
#include <assert.h>

#include "sim/machine/machine_private.h"

_Static_assert(SCENARIO_UNITS <= VTD_LAUNCH_UNITS &&
                   SCENARIO_LAUNCH_SOURCES <= VTD_LAUNCH_SOURCES,
               "software has room for all units and sources");

const struct scenario_vm *launch_vm(const struct machine *m)
{
    for (uint32_t i = 0; i < m->scenario->vm_count; i++)
        if (m->scenario->vm[i].late_launch)
            return &m->scenario->vm[i];
    return NULL;
}

static struct vtd_launch_source *add_source(struct machine *m, uint16_t sid)
{
    struct vtd_launch *l = m->launch;

    assert(l->sources < VTD_LAUNCH_SOURCES);
    l->source[l->sources] = (struct vtd_launch_source){
        .driver = &remap_unit_of(m, sid)->driver, .sid = sid};
    return &l->source[l->sources++];
}

static void add_messages(struct machine *m, unsigned device)
{
    uint64_t registers = BAR_BASE + BAR_STRIDE * device;
    uint16_t sid = m->device[device].fn.config.requester;

    for (unsigned k = 0; k < m->scenario->device[device].vectors; k++)
        add_source(m, sid)->message = registers + message_entry(k);
}

/* Devices of one line have one entry. */
static void add_pin(struct machine *m, const struct scenario_device *d)
{
    struct pin pin = lines_pin(m, scenario_pin(m->scenario, d));
    uint64_t registers = IOAPIC_BASE + IOAPIC_BYTES * pin.unit;
    uint8_t index = (uint8_t)(IOAPIC_AT_RTE_LOW + 2 * pin.number);
    struct vtd_launch_source *s;

    for (uint32_t i = 0; i < m->launch->sources; i++)
        if (m->launch->source[i].ioapic == registers &&
            m->launch->source[i].rte_index == index)
            return;
    s = add_source(m, m->ioapic[pin.unit].config.requester);
    s->ioapic = registers;
    s->rte_index = index;
}

static void add_devices(struct machine *m, const struct scenario_vm *vm)
{
    for (uint32_t a = 0; a < vm->assigned_count; a++) {
        const struct scenario_device *d = &m->scenario->device[vm->assigned[a]];

        if (scenario_has_line(d))
            add_pin(m, d);
        else
            add_messages(m, vm->assigned[a]);
    }
}

void launch_prepare(struct machine *m)
{
    const struct scenario_vm *vm = launch_vm(m);

    if (!vm)
        return;
    m->launch = arena_take(&m->arena, 1, sizeof *m->launch);
    m->launch->when = vm->late_launch;
    for (unsigned i = 0; i < m->units; i++)
        m->launch->unit[m->launch->units++] = &m->unit[i].driver;
    for (uint32_t i = 0; i < m->scenario->vm_count; i++)
        add_devices(m, &m->scenario->vm[i]);
}

void launch_figures(const struct machine *m, struct figures *out)
{
    const struct vtd_launch *l = m->launch;

    if (!l)
        return;
    figures_add_count(out, "", l->took ? l->sources : 0, "launch.sources");
    figures_add_real(out, "ns", (double)l->took / (double)SIM_NS,
                     "launch.time");
    figures_add_count(out, "cycles", l->took / m->core.period, "launch.cycles");
}

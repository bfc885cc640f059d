/*
 * Forged interrupt messages: their identity, and whom they hit.
 *
 * A write to the interrupt range that no cause stands behind gets the source
 * "DEVICE.dma".  A hit is a message of it that reaches a local APIC, whatever
 * that makes of it.
 */
#include <stdio.h>
#include <string.h>

#include "sim/machine/machine_private.h"

#define ROGUE_STREAMS 1000u /* of random numbers, behind those of devices */

void forged_build(struct machine *m)
{
    for (unsigned i = 0; i < m->devices; i++) {
        const struct scenario_device *d = &m->scenario->device[i];
        struct rogue_config config = {.interval = d->forge_interval,
                                      .cpus = m->cpus,
                                      .seed = m->scenario->seed,
                                      .stream = ROGUE_STREAMS + i};

        m->forged.source[i] = machine_add_source(m, "%s.dma", d->name);
        m->forged.is[m->forged.source[i]] = true;
        if (d->forge_interval)
            rogue_node_init(arena_take(&m->arena, 1, sizeof(struct rogue_node)),
                            &m->device[i].fn, &config);
    }
}

/* A write of a device to the interrupt range, with an identity in any case. */
void forged_identify(struct machine *m, unsigned device, struct msg *write)
{
    if (!write->irq)
        write->irq = irq_birth(&m->irqs, m->forged.source[device],
                               HOP_MSI_WRITE, engine_now(&m->engine));
}

void forged_arrives(struct machine *m, unsigned cpu, const struct msg *msg)
{
    uint16_t source = irq_source(&m->irqs, msg->irq);

    if (source < IRQ_SOURCES_MAX && m->forged.is[source])
        m->forged.hits[cpu][msg->apic.mode]++;
}

void forged_begin(struct machine *m)
{
    memset(m->forged.hits, 0, sizeof m->forged.hits);
}

/* ---- figures ---- */

static const struct {
    enum delivery_mode mode;
    const char *name;
} kinds[] = {{DELIVERY_FIXED, "interrupts"},
             {DELIVERY_NMI, "nmi"},
             {DELIVERY_SMI, "smi"},
             {DELIVERY_INIT, "init"}};

#define KINDS (sizeof kinds / sizeof kinds[0])

static bool any_forgery(const struct machine *m)
{
    for (unsigned i = 0; i < m->devices; i++)
        if (m->scenario->device[i].forge_interval)
            return true;
    return false;
}

static uint64_t hits_of(const struct machine *m, unsigned cpu,
                        struct figures *out)
{
    char victim[SCENARIO_NAME];
    uint64_t sum = 0;

    if (m->cpu[cpu].vm)
        snprintf(victim, sizeof victim, "%s", m->cpu[cpu].vm->name);
    else
        snprintf(victim, sizeof victim, "cpu%u", cpu);
    for (unsigned k = 0; k < KINDS; k++) {
        uint64_t hits = m->forged.hits[cpu][kinds[k].mode];

        sum += hits;
        figures_add_count(out, "", hits, "forged.by_victim.%s.%s", victim,
                          kinds[k].name);
    }
    return sum;
}

void forged_figures(const struct machine *m, struct figures *out)
{
    uint64_t sum = 0;

    if (!any_forgery(m))
        return;
    for (unsigned i = 0; i < m->cpus; i++)
        sum += hits_of(m, i, out);
    figures_add_count(out, "", sum, "forged.arrived");
}

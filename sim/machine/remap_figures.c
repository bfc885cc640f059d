/* What remapping units have counted. */
#include "sim/machine/machine_private.h"

void remap_begin(struct machine *m)
{
    for (unsigned i = 0; i < m->units; i++)
        m->unit[i].start = m->unit[i].node.counts;
}

static void add(struct iommu_counts *sum, const struct machine_unit *u)
{
    const struct iommu_counts *now = &u->node.counts, *then = &u->start;

    sum->requests += now->requests - then->requests;
    sum->hits += now->hits - then->hits;
    sum->misses += now->misses - then->misses;
    sum->remapped += now->remapped - then->remapped;
    sum->posted += now->posted - then->posted;
    sum->passed += now->passed - then->passed;
    sum->blocked += now->blocked - then->blocked;
    sum->recorded += now->recorded - then->recorded;
    sum->notifications += now->notifications - then->notifications;
}

static void warnings(const struct machine_unit *u, struct figures *out)
{
    for (unsigned w = 1; w < IOMMU_WARNING_COUNT; w++)
        if (u->node.counts.warnings[w])
            figures_add_count(
                out, "", u->node.counts.warnings[w], "warnings.%s.%s",
                u->machine->source_name[u->node.config.irq_source],
                iommu_warning_name((enum iommu_warning)w));
}

void remap_figures(const struct machine *m, struct figures *out)
{
    struct iommu_counts sum = {0};

    if (!m->units)
        return;
    for (unsigned i = 0; i < m->units; i++)
        add(&sum, &m->unit[i]);
    figures_add_count(out, "", sum.requests, "remapping.requests");
    figures_add_count(out, "", sum.hits, "remapping.hits");
    figures_add_count(out, "", sum.misses, "remapping.misses");
    if (sum.hits + sum.misses)
        figures_add_real(out, "%",
                         100.0 * (double)sum.hits /
                             (double)(sum.hits + sum.misses),
                         "remapping.hit_percent");
    figures_add_count(out, "", sum.remapped, "remapping.remapped");
    figures_add_count(out, "", sum.posted, "remapping.posted");
    figures_add_count(out, "", sum.notifications, "remapping.notifications");
    figures_add_count(out, "", sum.passed, "remapping.passed");
    figures_add_count(out, "", sum.blocked, "remapping.blocked");
    figures_add_count(out, "", sum.recorded, "remapping.fault_records");
    for (unsigned i = 0; i < m->units; i++)
        warnings(&m->unit[i], out);
}

/*
 * A made-up result for the tests of the views: three variants, an awkward
 * fourth.  Its numbers mean nothing.
 */
#ifndef SIM_REPORT_TEST_SAMPLE_H
#define SIM_REPORT_TEST_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/result.h"
#include "sim/report/text.h"

#define SAMPLE_AWKWARD "a,\"b\" |<i>&`*c*"

struct sample {
    struct scenario_set set;
    struct scenario variant[4];
    struct result result;
};

static inline void sample_latency(struct figures *f, const char *name,
                                  double scale)
{
    figures_add_count(f, "", 10000, "latency_ns.%s.count", name);
    figures_add_real(f, "ns", 0.61 * scale, "latency_ns.%s.min", name);
    figures_add_real(f, "ns", scale, "latency_ns.%s.mean", name);
    figures_add_real(f, "ns", 0.93 * scale, "latency_ns.%s.p50", name);
    figures_add_real(f, "ns", 1.4 * scale, "latency_ns.%s.p90", name);
    figures_add_real(f, "ns", 2.7 * scale, "latency_ns.%s.p99", name);
    figures_add_real(f, "ns", 5.9 * scale, "latency_ns.%s.p999", name);
    figures_add_real(f, "ns", 8.8 * scale, "latency_ns.%s.max", name);
}

static inline void sample_cycles(struct figures *f, uint64_t host,
                                 const char *where)
{
    uint64_t total = 1000000000, irq = 60000000, transition = host / 7;
    uint64_t idle = 1234567;

    figures_add_count(f, "cycles", total, "cycles.%stotal", where);
    figures_add_count(f, "cycles", total - irq - host - transition - idle,
                      "cycles.%sguest", where);
    figures_add_count(f, "cycles", irq, "cycles.%sguest_irq", where);
    figures_add_count(f, "cycles", host, "cycles.%shost", where);
    figures_add_count(f, "cycles", transition, "cycles.%stransition", where);
    figures_add_count(f, "cycles", idle, "cycles.%sidle", where);
}

/* Emulated exits: the way through the host. */
static inline void sample_emulated(struct figures *f, uint64_t exits)
{
    static const char *const reason[] = {"EXTERNAL_INTERRUPT", "MSR_WRITE",
                                         "INTERRUPT_WINDOW"};
    static const uint64_t tenths[] = {5, 3, 2};

    for (unsigned i = 0; i < 3; i++) {
        uint64_t own = exits * tenths[i] / 10;

        figures_add_count(f, "", own, "exits.by_reason.%s", reason[i]);
        figures_add_real(f, "1/s", 2.0 * (double)own,
                         "exits.per_second_by_reason.%s", reason[i]);
    }
    sample_latency(f, "lapic_accept..vm_exit", 400.25);
    sample_latency(f, "vm_exit..host_handler", 650.5);
    sample_latency(f, "host_handler..vlapic_accept", 1800);
    sample_latency(f, "vlapic_accept..injection", 900);
    sample_latency(f, "injection..guest_handler", 549.25);
}

static inline void sample_fill(struct figures *f, double speed, uint64_t exits)
{
    figures_add_count(f, "ns", 500000000, "time.simulated_ns");
    figures_add_real(f, "%", 60.0 + 37.5 * (speed - 1),
                     "time_in_guest.percent");
    figures_add_real(f, "1/s", 98765.4321 * speed, "throughput.per_second");
    figures_add_count(f, "", (uint64_t)(49382.71605 * speed),
                      "throughput.messages");
    figures_add_count(f, "", exits, "exits.total");
    figures_add_count(f, "", exits, "exits.by_source.nic0");
    figures_add_real(f, "1/s", 2.0 * (double)exits, "exits.per_second");
    figures_add_real(f, "", (double)exits / 30000, "exits.per_interrupt");
    figures_add_count(f, "", 30010, "interrupts.sent");
    figures_add_count(f, "", 30000, "interrupts.delivered");
    figures_add_count(f, "", 7, "interrupts.merged");
    figures_add_count(f, "", 2, "interrupts.dropped");
    figures_add_count(f, "", 1, "interrupts.pending");
    figures_add_real(f, "1/s", 60000, "interrupts.per_second");
    sample_latency(f, "msi_write..lapic_accept", 300);
    if (exits > 1000) {
        sample_emulated(f, exits);
        sample_latency(f, "msi_write..guest_handler", 4600);
    } else {
        sample_latency(f, "lapic_accept..guest_handler", 125.0 / 3);
        sample_latency(f, "msi_write..guest_handler", 300 + 125.0 / 3);
    }
    sample_cycles(f, exits > 1000 ? 300000000 : 3000000, "");
    sample_cycles(f, exits > 1000 ? 300000000 : 3000000, "by_cpu.0.");
    figures_add_count(f, "", 3, "warnings.spurious_eoi");
}

static inline void sample_expectations(struct scenario_set *set)
{
    set->expect_count = 4;
    set->expect[0] = (struct scenario_expect){
        2, "throughput.relative", true, true, 1.5, 1.8};
    set->expect[1] = (struct scenario_expect){
        2, "exits.by_reason.MSR_WRITE", false, true, 0, 0};
    set->expect[2] =
        (struct scenario_expect){-1, "exits.total", false, true, 0, 1000};
    set->expect[3] =
        (struct scenario_expect){0, "exits.totl", true, false, 1, 0};
    set->published_count = 2;
    set->published[0] = (struct scenario_published){
        "throughput.relative",
        "Relative throughput of the workload",
        "A made-up paper, table 1, row 3",
        "primary",
        {{true, false, true, true}, {1, 0, 1.65, 0}}};
    set->published[1] =
        (struct scenario_published){"exits.per_second",
                                    "VM exits per second",
                                    "A made-up mail",
                                    "recalled",
                                    {{true, false, true}, {125000.5, 0, 812}}};
}

/* To be freed with sample_free(). */
static inline struct sample *sample_make(void)
{
    static const char *const name[] = {"kvm-xapic", "kvm-x2apic", "eli",
                                       SAMPLE_AWKWARD};
    struct sample *s = calloc(1, sizeof *s);

    snprintf(s->set.path, sizeof s->set.path, "scenarios/sample.yaml");
    s->set.variant = s->variant;
    s->set.variant_count = 4;
    sample_expectations(&s->set);
    result_init(&s->result, &s->set, "0.1");
    s->result.variant_count = 4;
    for (unsigned i = 0; i < 4; i++) {
        struct scenario *v = &s->variant[i];

        snprintf(s->set.variant_name[i], SCENARIO_NAME, "%s", name[i]);
        snprintf(v->title, sizeof v->title, "A sample of a report");
        snprintf(v->question, sizeof v->question,
                 "How does a page look that compares four variants, of which "
                 "one has a name that nobody should give to anything?");
        snprintf(v->platform.name, SCENARIO_NAME, "nehalem");
        v->seed = 42;
        s->result.variant[i] = i;
        s->result.resolved[i] = strdup("title: <A> & \"b\"\nseed: 42\n");
    }
    sample_fill(&s->result.figures[0], 1, 65000);
    sample_fill(&s->result.figures[1], 1.21, 50000);
    sample_fill(&s->result.figures[2], 1.627, 400);
    sample_fill(&s->result.figures[3], 1.627, 401);
    result_derive(&s->result);
    return s;
}

static inline void sample_free(struct sample *s)
{
    result_free(&s->result);
    free(s);
}

/* What a view writes; to be freed. */
/* Not inline: gcc takes the stream's buffer for a pointer to a local. */
__attribute__((noinline, unused)) static char *
sample_view(const struct sample *s, void (*view)(FILE *, const struct result *))
{
    char *text;
    size_t bytes;
    FILE *to = text_stream(&text, &bytes);

    view(to, &s->result);
    fclose(to);
    return text;
}

#endif

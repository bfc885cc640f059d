/* How fast the local APIC's model accepts, acknowledges and ends interrupts,
 * and takes register accesses, without engine and node. */
#include <stdio.h>

#include "bench/bench.h"
#include "models/lapic/lapic.h"

#define MSR_TPR (LAPIC_MSR_FIRST + LAPIC_TPR / 16)
#define MSR_EOI (LAPIC_MSR_FIRST + LAPIC_EOI / 16)

/* Accept, acknowledge, EOI. */
static void round_trips(void *model, uint32_t times, uint64_t *sum)
{
    struct lapic *l = model;
    struct lapic_time now = {0};
    struct msg_apic m = {0};

    for (uint32_t i = 0; i < times; i++) {
        uint8_t vector;

        m.vector = (uint8_t)(16 + i * 7 % 240);
        *sum += lapic_accept(l, &m).intr;
        lapic_acknowledge(l, &vector);
        *sum += vector + lapic_wrmsr(l, MSR_EOI, 0, now).eoi;
    }
}

/* TPR written and read, by WRMSR and RDMSR. */
static void accesses(void *model, uint32_t times, uint64_t *sum)
{
    struct lapic *l = model;
    struct lapic_time now = {0};

    for (uint32_t i = 0; i < times / 2; i++) {
        uint64_t value = 0;

        lapic_wrmsr(l, MSR_TPR, i & 0xff, now);
        *sum += lapic_rdmsr(l, MSR_TPR, now, &value).gp;
        *sum += value;
    }
}

int main(void)
{
    struct lapic_config config = {.features = LAPIC_HAS_X2APIC};
    struct lapic_time now = {0};
    double trips, words;
    uint64_t sum = 0;
    struct lapic l;

    lapic_init(&l, &config);
    lapic_wrmsr(&l, LAPIC_MSR_APIC_BASE,
                LAPIC_BASE_DEFAULT | LAPIC_BASE_EN | LAPIC_BASE_EXTD, now);
    lapic_wrmsr(&l, LAPIC_MSR_FIRST + LAPIC_SVR / 16, 0x1ff, now);
    trips = bench_best(round_trips, &l, &sum);
    words = bench_best(accesses, &l, &sum);
    printf("lapic: %.1f million round trips/s (accept, acknowledge, EOI), "
           "%.1f million register accesses/s, best of %d, check %ju\n",
           trips, words, BENCH_BATCHES, (uintmax_t)sum);
    return 0;
}

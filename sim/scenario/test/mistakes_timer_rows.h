/* Mistakes with timers and moderation; rows as in mistakes_rows.h. */
#ifndef SIM_SCENARIO_TEST_MISTAKES_TIMER_ROWS_H
#define SIM_SCENARIO_TEST_MISTAKES_TIMER_ROWS_H

#include "sim/scenario/test/mistakes_rows.h"

/* One program that two CPUs run, and a third one can. */
#define HPET_SCENARIO(machine, devices, program)                               \
    "title: t\nplatform: platforms/nehalem-x5570.yaml\nduration: 1ms\n"        \
    "machine: {cpus: 3, " machine "}\n" devices                                \
    "programs:\n  - {name: tick, kind: spin, " program "}\nvms:\n"             \
    "  - {name: a, hypervisor: none, program: tick}\n"                         \
    "  - {name: b, hypervisor: none, cpu: 1, program: tick}\n"

/* Devices behind one bridge of a machine with two remapping units. */
#define BRIDGE_SCENARIO(kind, devices, names)                                  \
    "title: t\nplatform: platforms/nehalem-x5570.yaml\nduration: 1ms\n"        \
    "machine: {iommu: {units: 2}}\n"                                           \
    "bridges: [{name: b, kind: " kind "}]\n"                                   \
    "devices: [" devices "]\n"                                                 \
    "programs: [{name: p, kind: spin}]\n"                                      \
    "vms: [{name: v, hypervisor: none, program: p, assigned: [" names "]}]\n"
static const struct mistake_row timer_mistake_rows[] = {
    {"hpet_of_two_timers", "machine: {cpus: 2}",
     "machine: {cpus: 2, hpet: {timers: 2, iommu: 1}}",
     "x.yaml:5:35: error: an HPET has at least 3 'timers', not 2\n"
     "x.yaml:5:45: error: unit 1 does not exist: machine.iommu.units is 0"},
    {"hpet_tick_without_rate", NULL,
     HPET_SCENARIO("hpet: {timers: 3}", "", "timer_source: hpet_message"),
     "x.yaml:6:44: error: 'timer_source' needs 'timer', for instance 250Hz"},
    {"hpet_tick_without_hpet", NULL,
     HPET_SCENARIO("", "", "timer: 1kHz, timer_source: hpet_message"),
     "x.yaml:6:57: error: 'a' needs timer 0 of the HPET: machine.hpet.timers "
     "is 0\n"
     "x.yaml:6:57: error: 'b' needs timer 1 of the HPET: machine.hpet.timers "
     "is 0"},
    {"hpet_tick_without_pins", NULL,
     HPET_SCENARIO("hpet: {timers: 3}", "",
                   "timer: 1kHz, timer_source: hpet_line"),
     "x.yaml:6:57: error: the HPET's line is pin 20 of the I/O APIC, which "
     "does not exist: machine.ioapic.pins is 0\n"
     "x.yaml:6:57: error: the HPET's line is pin 21 of the I/O APIC, which "
     "does not exist: machine.ioapic.pins is 0"},
    {"hpet_line_of_a_device", NULL,
     HPET_SCENARIO("hpet: {timers: 3}, ioapic: {pins: 24}",
                   "devices: [{name: nic, message: intx, pin: 21}]\n",
                   "timer: 1kHz, timer_source: hpet_line"),
     "x.yaml:5:18: warning: device 'nic' is assigned to nobody: it does "
     "nothing\n"
     "x.yaml:7:57: error: the HPET's line is pin 21, which 'nic' has"},
    {"hpet_legacy_of_isa", NULL,
     HPET_SCENARIO("hpet: {timers: 3}, ioapic: {pins: 24}",
                   "devices: [{name: nic, message: isa, irq: 0}]\n",
                   "timer: 1kHz, timer_source: hpet_legacy"),
     "x.yaml:5:18: warning: device 'nic' is assigned to nobody: it does "
     "nothing\n"
     "x.yaml:7:57: error: the HPET's line is pin 2, which 'nic' has"},
    {"hpet_legacy_of_three", NULL,
     HPET_SCENARIO(
         "hpet: {timers: 3}, ioapic: {pins: 24}", "",
         "timer: 1kHz, timer_source: hpet_legacy") "  - {name: c, hypervisor: "
                                                   "none, cpu: 2, program: "
                                                   "tick}\n",
     "x.yaml:6:57: error: 'c' has timer 2 of the HPET; only 2 can have lines"},
    {"hpet_tick_of_a_guest", NULL,
     HPET_SCENARIO(
         "hpet: {timers: 3}", "",
         "timer: 1kHz, timer_source: hpet_message") "  - {name: c, hypervisor: "
                                                    "kvm, cpu: 2, program: "
                                                    "tick}\n",
     "x.yaml:6:57: error: timers of the HPET are for programs on bare metal; "
     "'c' has a hypervisor"},
    {"hpet_ticks_fill_a_table", NULL,
     HPET_SCENARIO(
         "hpet: {timers: 3}, iommu: {units: 1, entries: 2}", "",
         "timer: 1kHz, timer_source: hpet_message") "  - {name: c, hypervisor: "
                                                    "none, cpu: 2, program: "
                                                    "tick}\n",
     "x.yaml:4:26: error: unit 0 has 3 interrupts to remap, but its table only "
     "2 'entries'"},
    {"units_of_one_source_id", NULL,
     BRIDGE_SCENARIO("pci",
                     "{name: one, behind: b, slot: 1, iommu: 1}, "
                     "{name: two, behind: b, slot: 2}",
                     "one, two"),
     "x.yaml:6:54: error: 'one' and 'two' have one source-id, that of their "
     "bridge: they need one 'iommu'"},
    {"nine_functions", NULL,
     BRIDGE_SCENARIO("port",
                     "{name: d0, behind: b}, {name: d1, behind: b}, "
                     "{name: d2, behind: b}, {name: d3, behind: b}, "
                     "{name: d4, behind: b}, {name: d5, behind: b}, "
                     "{name: d6, behind: b}, {name: d7, behind: b}, "
                     "{name: d8, behind: b}, {name: d9, behind: b}",
                     "d0, d1, d2, d3, d4, d5, d6, d7, d8, d9"),
     "x.yaml:6:195: error: more than 8 devices have slot 0 of one bus"},
    {"adaptive_bounds", "    vectors: 2",
     "    adaptive: {most_usecs: 8, least_usecs: 9, few: 4, many: 4}",
     "x.yaml:8:44: error: 'least_usecs' (9) is above 'most_usecs' (8)\n"
     "x.yaml:8:52: error: 'few' (4) must be below 'many' (4)"},
    {"adaptive_nmi", "    vectors: 2",
     "    delivery: nmi\n    adaptive: {most_usecs: 8}",
     "x.yaml:8:15: error: NMIs and SMIs need a device that pulses: 'pulse'\n"
     "x.yaml:9:28: error: adaptive moderation needs interrupts by messages "
     "with a vector"},
    {"adaptive_folded", "    vectors: 2",
     "    message: msi\n    vectors: 4\n    msi: {granted: 2}\n    adaptive: "
     "{most_usecs: 8}",
     "x.yaml:10:20: error: adaptive moderation needs a message for each of the "
     "4 'vectors'"},
};

#endif

/*
 * One row a kind of mistake: `from` in load_base becomes `to` (NULL: `to` is
 * the whole text), and exactly these lines are reported.
 */
#ifndef SIM_SCENARIO_TEST_MISTAKES_ROWS_H
#define SIM_SCENARIO_TEST_MISTAKES_ROWS_H

/* One device, one program that has it. */
#define LINE_SCENARIO(machine, device, hypervisor)                             \
    "title: t\nplatform: platforms/nehalem-x5570.yaml\nduration: 1ms\n"        \
    "machine: " machine "\ndevices:\n  - {name: one, " device "}\n"            \
    "programs:\n  - {name: counter, kind: spin}\nvms:\n"                       \
    "  - {name: vm, hypervisor: " hypervisor                                   \
    ", assigned: [one], program: counter}\n"

static const struct mistake_row {
    const char *name, *from, *to, *expected;
} mistake_rows[] = {
    {"syntax", "machine: {cpus: 2}", "machine: {cpus: 2",
     "x.yaml:6:8: error: not YAML: did not find expected ',' or '}', while "
     "parsing a flow mapping"},
    {"tab_as_indent", "  - name: nic\n", "\t- name: nic\n",
     "x.yaml:7:1: error: not YAML: found character that cannot start any "
     "token, while scanning for the next token"},
    {"empty_file", NULL, "", "x.yaml:1:1: error: the file is empty"},
    {"only_a_comment", NULL, "# nothing\n",
     "x.yaml:1:1: error: the file is empty"},
    {"not_a_map", NULL, "- 1\n- 2\n",
     "x.yaml:1:1: error: expected the keys of a scenario, not a list"},
    {"second_document", "duration: 10ms\n",
     "duration: 10ms\n---\ntitle: again\n",
     "x.yaml:4:1: error: a second document; a file holds exactly one"},
    {"duplicate_key", "warmup: 1ms\n", "duration: 1ms\n",
     "x.yaml:4:1: error: duplicate key 'duration'; first in line 3"},
    {"key_is_a_list", "warmup: 1ms\n", "[a, b]: 1ms\n",
     "x.yaml:4:1: error: a key must be plain text, not a list"},
    {"key_is_an_alias", "warmup: 1ms\n", "question: &q what\n*q : 1\n",
     "x.yaml:5:1: error: a key must be plain text, not an alias"},
    {"tag", "warmup: 1ms", "warmup: !!str 1ms",
     "x.yaml:4:9: error: tags ('tag:yaml.org,2002:str') are not supported"},
    {"tag_on_a_map", "machine: {cpus: 2}", "machine: !host {cpus: 2}",
     "x.yaml:5:10: error: tags ('!host') are not supported"},
    {"merge_key", "machine: {cpus: 2}", "machine: {<<: {cpus: 2}}",
     "x.yaml:5:11: error: merge keys ('<<') are not supported; use an alias of "
     "the whole value, or a variant"},
    {"unknown_alias", "warmup: 1ms", "warmup: *long",
     "x.yaml:4:9: error: there is no anchor '&long' before this alias"},
    {"cyclic_alias", "machine: {cpus: 2}", "machine: &m {cpus: *m}",
     "x.yaml:5:20: error: the alias '*m' stands inside what it names"},
    {"escaped_nul", "title: Two of everything", "title: \"a\\0b\"",
     "x.yaml:1:8: error: a NUL character in a text"},
    {"invalid_utf8", "title: Two of everything",
     "title: a\xff"
     "b",
     "x.yaml:1:9: error: not YAML: invalid leading UTF-8 octet"},
    {"control_character", "title: Two of everything", "title: \"a\\x07b\"",
     "x.yaml:1:8: error: 'title': a control character in the text"},
    {"control_character_beyond_ascii", "title: Two of everything",
     "title: \"a\\x85b\"",
     "x.yaml:1:8: error: 'title': a control character in the text"},
    {"line_separator", "title: Two of everything", "title: \"a\\u2028b\"",
     "x.yaml:1:8: error: 'title': a control character in the text"},
    {"unknown_key", "warmup: 1ms", "warm_up: 1ms",
     "x.yaml:4:1: error: unknown key 'warm_up' of a scenario; did you mean "
     "'warmup'?"},
    {"unknown_key_without_suggestion", "warmup: 1ms", "flavour: 1ms",
     "x.yaml:4:1: error: unknown key 'flavour' of a scenario"},
    {"unknown_key_of_a_device", "    vectors: 2", "    vector: 2",
     "x.yaml:8:5: error: unknown key 'vector' of a device; did you mean "
     "'vectors'?"},
    {"missing_key", "duration: 10ms\n", "",
     "x.yaml:1:1: error: missing key 'duration': Simulated time that is "
     "measured, after the warm-up."},
    {"missing_key_of_an_element", "    kind: stream\n", "",
     "x.yaml:13:5: error: missing key 'kind': stream sends messages through a "
     "device as fast as it can, spin computes, idle halts between interrupts; "
     "with ipi each virtual CPU sends IPIs to the next one, with ipi_wake the "
     "first one to the others, which halt; user_sender is a thread that "
     "notifies one on another CPU, user_receiver computes until it is "
     "notified, "
     "user_waiter waits for it in its kernel."},
    {"empty_text", "title: Two of everything", "title: ''",
     "x.yaml:1:8: error: 'title': the text is empty"},
    {"text_too_long", "title: Two of everything",
     "title: "
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxx",
     "x.yaml:1:8: error: 'title': longer than 511 bytes"},
    {"unit_missing", "warmup: 1ms", "warmup: 1",
     "x.yaml:4:9: error: 'warmup: 1': the unit is missing; expected a time, "
     "for instance '20us'"},
    {"unit_unknown", "warmup: 1ms", "warmup: 1 mss",
     "x.yaml:4:9: error: 'warmup: 1 mss': unknown unit 'mss'; did you mean "
     "'ms'?"},
    {"range", "    vectors: 2", "    vectors: 33",
     "x.yaml:8:14: error: 'vectors: 33': must lie in 1 .. 32"},
    {"range_below", "duration: 10ms", "duration: 0ms",
     "x.yaml:3:11: error: 'duration: 0ms': must lie in 1ns .. 3600s"},
    {"not_a_number", "    vectors: 2", "    vectors: two",
     "x.yaml:8:14: error: 'vectors: two': expected a whole number, for "
     "instance '4'"},
    {"wider_than_the_field", "    cpu: 1\n", "    cpu: 4294967296\n",
     "x.yaml:26:10: error: 'cpu: 4294967296': must lie in 0 .. 4294967295"},
    {"bool", "    program: sender",
     "    features: {eli: yes}\n    program: sender",
     "x.yaml:23:21: error: 'eli: yes': expected true or false"},
    {"choice", "    apic: x2apic", "    apic: x2apc",
     "x.yaml:21:11: error: 'apic: x2apc': expected one of xapic, x2apic; did "
     "you mean 'x2apic'?"},
    {"choice_without_suggestion", "    kind: spin", "    kind: 17",
     "x.yaml:17:11: error: 'kind: 17': expected one of stream, spin, idle, "
     "ipi, ipi_wake, user_sender, user_receiver, user_waiter"},
    {"bad_name", "  - name: clock", "  - name: 2nd clock",
     "x.yaml:9:11: error: bad name '2nd clock': a letter, then letters, "
     "digits, '_' and '-', at most 63 in all\nx.yaml:27:16: error: there is no "
     "device 'clock'"},
    {"no_such_device", "    assigned: [nic]", "    assigned: [nci]",
     "x.yaml:22:16: error: there is no device 'nci'; did you mean 'nic'?"},
    {"no_such_program", "    program: sender", "    program: sendr",
     "x.yaml:23:14: error: there is no program 'sendr'; did you mean "
     "'sender'?"},
    {"list_of_maps_as_devices", "    assigned: [nic]",
     "    assigned: [{name: nic}]",
     "x.yaml:22:16: error: expected the name of a device, not a group of keys"},
    {"device_not_in_a_list", "    assigned: [nic]", "    assigned: nic",
     "x.yaml:22:15: error: 'assigned': expected a list of devices ('[nic]'), "
     "not a value"},
    {"group_as_value", "machine: {cpus: 2}", "machine: 2",
     "x.yaml:5:10: error: 'machine': expected a group of keys, not a value"},
    {"value_as_group", "duration: 10ms", "duration: {is: 10ms}",
     "x.yaml:3:11: error: 'duration': expected a single value, not a group of "
     "keys"},
    {"list_as_map",
     "devices:\n  - name: nic\n    vectors: 2\n  - name: clock\n    pulse: "
     "periodic\n    pulse_interval: 100us\n",
     "devices: {nic: {}, clock: {}}\n",
     "x.yaml:6:10: error: 'devices': expected a list ('- ...'), not a group of "
     "keys\nx.yaml:17:16: error: there is no device 'nic'\nx.yaml:22:16: "
     "error: there is no device 'clock'"},
    {"element_as_value", "  - name: counter\n    kind: spin\n", "  - counter\n",
     "x.yaml:16:5: error: 'programs': expected a group of keys ('- name: "
     "...'), not a value"},
    {"too_many_elements", "devices:\n",
     "devices:\n  - {name: d0}\n  - {name: d1}\n  - {name: d2}\n  - {name: "
     "d3}\n  - {name: d4}\n  - {name: d5}\n  - {name: d6}\n  - {name: d7}\n  - "
     "{name: d8}\n  - {name: d9}\n  - {name: d10}\n  - {name: d11}\n  - {name: "
     "d12}\n  - {name: d13}\n  - {name: d14}\n",
     "x.yaml:24:5: error: 'devices': at most 16 elements\nx.yaml:42:16: error: "
     "there is no device 'clock'"},
    {"too_many_variants", "vms:\n",
     "variants: {v0: {}, v1: {}, v2: {}, v3: {}, v4: {}, v5: {}, v6: {}, v7: "
     "{}, v8: {}, v9: {}, v10: {}, v11: {}, v12: {}, v13: {}, v14: {}, v15: "
     "{}, v16: {}}\nvms:\n",
     "x.yaml:18:146: error: at most 16 variants"},
    {"no_platform_file", "platforms/nehalem-x5570.yaml",
     "platforms/nehalem.yaml",
     "x.yaml:2:11: error: cannot read 'platforms/nehalem.yaml': No such file "
     "or directory"},
    {"duplicate_name", "  - name: counter\n",
     "  - {name: counter, kind: idle}\n  - name: counter\n",
     "x.yaml:17:11: error: 'counter' is defined twice in 'programs'; first in "
     "line 16"},
    {"duplicate_device", "  - name: clock", "  - name: clock\n  - name: clock",
     "x.yaml:10:11: error: 'clock' is defined twice in 'devices'; first in "
     "line 9"},
    {"cpu_does_not_exist", "    cpu: 1\n", "    cpu: 2\n",
     "x.yaml:26:10: error: CPU 2 does not exist: machine.cpus is 2 (0 .. 1)"},
    {"last_virtual_cpu_does_not_exist", "    cpu: 1\n",
     "    cpu: 1\n    vcpus: 2\n",
     "x.yaml:26:10: error: CPU 2 does not exist: machine.cpus is 2 (0 .. 1)"},
    {"two_on_one_cpu", "    cpu: 1\n", "    cpu: 0\n",
     "x.yaml:26:10: error: CPU 0 already runs 'guest'; virtual machines share "
     "it only with the same 'apic', whose mode is the host's too"},
    {"bare_metal_on_a_shared_cpu", "hypervisor: kvm\n    cpu: 1\n",
     "hypervisor: none\n    cpu: 0\n",
     "x.yaml:26:10: error: CPU 0 already runs 'guest'; bare metal shares it "
     "with nobody"},
    {"eli_on_a_shared_cpu", "    cpu: 1\n",
     "    cpu: 0\n    apic: x2apic\n    features: {eli: true}\n",
     "x.yaml:26:10: error: CPU 0 already runs 'guest'; with eli the guest "
     "shares it with nobody, as it takes the CPU's interrupts itself"},
    {"eli_with_two_virtual_cpus", "    cpu: 1\n",
     "    cpu: 1\n    cpus: 1\n    vcpus: 2\n    apic: x2apic\n    features: "
     "{eli: true}\n",
     "x.yaml:28:12: error: eli needs 'vcpus: 1': its EOIs are the physical "
     "CPU's"},
    {"virtual_cpus_on_bare_metal", "hypervisor: kvm\n    cpu: 1\n",
     "hypervisor: none\n    cpu: 1\n    cpus: 1\n    vcpus: 2\n",
     "x.yaml:28:12: error: vcpus needs 'hypervisor: kvm'"},
    {"more_cpus_than_pinned_virtual_cpus", "    cpu: 1\n",
     "    cpu: 0\n    cpus: 2\n    apic: x2apic\n",
     "x.yaml:27:11: error: 'cpus' (2) must not exceed 'vcpus' (1), each of "
     "which has one; or let them float with 'pinned: false'"},
    {"ipis_of_a_single_virtual_cpu", "    kind: spin\n", "    kind: ipi\n",
     "x.yaml:28:14: error: program 'counter' sends IPIs between virtual CPUs "
     "and needs 'vcpus: 2' or more"},
    {"more_virtual_cpus_than_a_host_has", "    apic: x2apic\n",
     "    apic: x2apic\n    cpus: 1\n    vcpus: 64\n",
     "x.yaml:19:3: error: all virtual machines have 65 virtual CPUs; at most "
     "64 are possible"},
    {"device_assigned_twice", "    assigned: [clock]",
     "    assigned: [clock, nic]",
     "x.yaml:27:23: error: device 'nic' is assigned twice; 'guest' has it "
     "already"},
    {"device_twice_in_a_list", "    assigned: [clock]",
     "    assigned: [clock, clock]",
     "x.yaml:27:23: error: device 'clock' is assigned twice; 'other' has it "
     "already"},
    {"too_many_vectors", NULL,
     "title: t\nplatform: platforms/nehalem-x5570.yaml\nduration: 1ms\n"
     "devices:\n"
     "  - {name: a, vectors: 32}\n  - {name: b, vectors: 32}\n  - name: c\n"
     "programs: [{name: p, kind: spin}]\n"
     "vms:\n  - name: guest\n    hypervisor: kvm\n    program: p\n"
     "    assigned: [a, b, c]\n",
     "x.yaml:13:15: error: the devices of 'guest' have 65 vectors; at most 64 "
     "are possible"},
    {"device_named_like_a_source_of_the_machine", "    vectors: 2\n",
     "    vectors: 2\n  - name: outside\n",
     "x.yaml:9:11: error: 'outside' is a name of the machine itself; choose "
     "another\nx.yaml:9:11: warning: device 'outside' is assigned to nobody: "
     "it "
     "does nothing"},
    {"vm_named_like_a_source_of_the_machine", "name: other", "name: cpu1",
     "x.yaml:24:11: error: 'cpu1' is a name of the machine itself; choose "
     "another"},
    {"eli_on_bare_metal", "    hypervisor: kvm\n    apic: x2apic\n",
     "    hypervisor: none\n    apic: x2apic\n    features: {eli: true}\n",
     "x.yaml:22:21: error: eli needs 'hypervisor: kvm'"},
    {"eli_without_x2apic", "    apic: x2apic\n", "    features: {eli: true}\n",
     "x.yaml:21:21: error: eli needs 'apic: x2apic'"},
    {"eli_without_device", "    assigned: [clock]\n",
     "    apic: x2apic\n    features: {eli: true}\n",
     "x.yaml:9:11: warning: device 'clock' is assigned to nobody: it does "
     "nothing\nx.yaml:28:21: error: eli needs an assigned device"},
    {"exitless_eoi_without_eli", "    apic: x2apic\n",
     "    features: {eli_exitless_eoi: true}\n",
     "x.yaml:21:34: error: eli_exitless_eoi needs 'eli: true'"},
    {"eli_timer_without_eli", "    apic: x2apic\n",
     "    features: {eli_timer: 1ms}\n",
     "x.yaml:21:27: error: eli_timer needs 'eli: true'"},
    {"acknowledge_on_bare_metal", "    hypervisor: kvm\n    cpu: 1\n",
     "    hypervisor: none\n    cpu: 1\n    features: {acknowledge_on_exit: "
     "true}\n",
     "x.yaml:27:37: error: acknowledge_on_exit needs 'hypervisor: kvm'"},
    {"stream_without_device", "    program: counter", "    program: sender",
     "x.yaml:28:14: error: program 'sender' is a stream and needs an assigned "
     "device with 'pulse: none'"},
    {"intx_without_ioapic", "    vectors: 2", "    message: intx",
     "x.yaml:7:5: error: pin 16 of the I/O APIC does not exist: "
     "machine.ioapic.pins is 0"},
    {"intx_pin", "machine: {cpus: 2}\ndevices:\n  - name: nic\n    vectors: 2",
     "machine: {cpus: 2, ioapic: {pins: 24}}\ndevices:\n  - name: nic\n    "
     "message: intx\n    pin: 24",
     "x.yaml:9:10: error: pin 24 of the I/O APIC does not exist: "
     "machine.ioapic.pins is 24"},
    {"intx_vectors", "machine: {cpus: 2}\ndevices:\n  - name: nic\n",
     "machine: {cpus: 2, ioapic: {pins: 24}}\ndevices:\n  - name: nic\n    "
     "message: intx\n    moderation: 20us\n",
     "x.yaml:9:17: error: moderation needs messages: msi or msix\n"
     "x.yaml:10:14: error: a line is one interrupt, not 2 'vectors'"},
    {"intx_pin_of_strangers",
     "machine: {cpus: 2}\ndevices:\n  - name: nic\n    vectors: 2\n  - name: "
     "clock\n",
     "machine: {cpus: 2, ioapic: {pins: 24}}\ndevices:\n  - name: nic\n    "
     "message: intx\n  - name: clock\n    message: intx\n",
     "x.yaml:9:5: error: pin 16 is that of 'nic' too; only devices of one "
     "virtual machine can share a line"},
    {"balance_without_units", "    apic: x2apic",
     "    apic: x2apic\n    balance: flush",
     "x.yaml:22:14: error: balance needs a remapping unit: "
     "machine.iommu.units"},
    {"maps_without_units", "    apic: x2apic",
     "    apic: x2apic\n    maps_by_hypercall: true",
     "x.yaml:22:24: error: maps_by_hypercall needs a remapping unit: "
     "machine.iommu.units"},
    {"launch_without_units", "    apic: x2apic",
     "    apic: x2apic\n    late_launch: 1ms",
     "x.yaml:22:18: error: late_launch needs a remapping unit: "
     "machine.iommu.units"},
    {"switch_without_posting", "    apic: x2apic",
     "    apic: x2apic\n    posting_switch: flush",
     "x.yaml:22:21: error: posting_switch needs 'vtd_posting: true'"},
    {"posting_without_units", "    apic: x2apic",
     "    apic: x2apic\n    features: {vtd_posting: true}",
     "x.yaml:22:29: error: vtd_posting needs a remapping unit: "
     "machine.iommu.units"},
    {"table_of_odd_size", "machine: {cpus: 2}",
     "machine: {cpus: 2, iommu: {units: 1, entries: 100}}",
     "x.yaml:5:47: error: a table has a power of two as 'entries', not 100"},
    {"table_too_small", "machine: {cpus: 2}",
     "machine: {cpus: 2, iommu: {units: 1, entries: 2}}",
     "x.yaml:7:5: error: unit 0 has 3 interrupts to remap, but its table only "
     "2 "
     "'entries'\nx.yaml:9:5: error: unit 0 has 3 interrupts to remap, but its "
     "table only 2 'entries'"},
    {"cache_of_odd_size", "machine: {cpus: 2}",
     "machine: {cpus: 2, iommu: {units: 1, cache_entries: 24}}",
     "x.yaml:5:53: error: 'cache_entries' (24) must be 'cache_ways' (4) times "
     "a "
     "power of two"},
    {"compatibility_with_32_bits", "machine: {cpus: 2}",
     "machine: {cpus: 2, iommu: {units: 1, compatibility: true}}",
     "x.yaml:5:53: error: compatibility needs 'x2apic: false'"},
    {"no_such_unit", "machine: {cpus: 2}\ndevices:\n  - name: nic\n",
     "machine: {cpus: 2, iommu: {units: 2}, ioapic: {iommu: 3}}\n"
     "devices:\n  - name: nic\n    iommu: 2\n",
     "x.yaml:5:55: error: unit 3 does not exist: machine.iommu.units is 2\n"
     "x.yaml:8:12: error: unit 2 does not exist: machine.iommu.units is 2"},
    {"pic_without_8259s", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}", "message: intx, controller: pic",
                   "none"),
     "x.yaml:6:44: error: the machine has no 8259s; "
     "'machine.pic.virtual_wire' can be lint0 or ioapic"},
    {"pic_for_a_guest", NULL,
     LINE_SCENARIO("{pic: {virtual_wire: lint0}}",
                   "message: intx, controller: pic", "kvm"),
     "x.yaml:6:44: error: the 8259s interrupt programs on bare metal; the "
     "hypervisor of 'vm' has no virtual 8259s to take them to its guest"},
    {"pic_for_another_cpu", NULL,
     LINE_SCENARIO("{cpus: 2, pic: {virtual_wire: lint0}}",
                   "message: intx, controller: pic", "none, cpu: 1"),
     "x.yaml:6:44: error: the 8259s interrupt CPU 0, but 'vm' runs on CPU 1"},
    {"pic_level_at_an_edge_line", NULL,
     LINE_SCENARIO("{pic: {virtual_wire: lint0}}",
                   "message: intx, controller: pic, irq: 8", "none"),
     "x.yaml:6:54: error: line 8 of the 8259s is edge-triggered for good; "
     "INTx can have 3 .. 7, 9 .. 12, 14 or 15"},
    {"isa_for_a_guest", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}", "message: isa", "kvm"),
     "x.yaml:6:26: error: a device with message: isa can be assigned to a "
     "program on bare metal only; 'vm' has a hypervisor"},
    {"isa_line_2", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}", "message: isa, irq: 2", "none"),
     "x.yaml:6:36: error: line 2 of the 8259s is taken by the second of them"},
    {"isa_beyond_the_pins", NULL,
     LINE_SCENARIO("{ioapic: {pins: 8}}", "message: isa, irq: 8", "none"),
     "x.yaml:6:5: error: pin 8 of the I/O APIC does not exist: "
     "machine.ioapic.pins is 8"},
    {"pin_beyond_both_ioapics", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24, second_pins: 8}}",
                   "message: intx, pin: 32", "none"),
     "x.yaml:6:37: error: pin 32 does not exist: the I/O APICs have 24 + 8 of "
     "them"},
    {"pin_beyond_ioregsel", NULL,
     LINE_SCENARIO("{ioapic: {pins: 240}}", "message: intx, pin: 120", "none"),
     "x.yaml:6:37: error: pin 120 cannot be programmed: IOREGSEL reaches the "
     "first 120 of an I/O APIC"},
    {"second_ioapic_alone", NULL,
     LINE_SCENARIO("{ioapic: {second_pins: 8}}", "message: msi", "none"),
     "x.yaml:4:33: error: a second I/O APIC needs a first one: 'pins' is 0"},
    {"one_line_two_controllers", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}, pic: {virtual_wire: lint0}}",
                   "message: intx, controller: pic}\n  - {name: two, message: "
                   "intx",
                   "none"),
     "x.yaml:7:5: error: pin 16 is that of 'one' too; devices of one line need "
     "the same 'controller' and, at the 8259s, the same 'irq'\nx.yaml:7:12: "
     "warning: device 'two' is assigned to nobody: it does nothing"},
    {"no_such_bridge", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}", "message: intx, behind: b1", "none"),
     "x.yaml:6:40: error: there is no bridge 'b1'"},
    {"bridge_behind_a_later_one", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}\nbridges:\n"
                   "  - {name: b1, behind: b2}\n  - {name: b2}",
                   "message: intx, behind: b2", "none"),
     "x.yaml:6:24: error: there is no bridge 'b2'; did you mean 'b1'?"},
    {"bridge_behind_itself", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}\nbridges:\n"
                   "  - {name: b1, behind: b1}\n  - {name: root}",
                   "message: intx, behind: b1", "none"),
     "x.yaml:6:24: error: bridge 'b1' is behind itself\nx.yaml:7:12: error: "
     "'root' is the bus before all bridges; choose another name"},
    {"isa_line_of_two", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}",
                   "message: isa}\n  - {name: two, message: intx, pin: 11",
                   "none"),
     "x.yaml:7:12: warning: device 'two' is assigned to nobody: it does "
     "nothing\nx.yaml:7:37: error: pin 11 is that of 'one' too; an ISA line is "
     "edge-triggered and has one device"},
    {"virtual_wire_without_ioapic", NULL,
     LINE_SCENARIO("{pic: {virtual_wire: ioapic}}",
                   "message: intx, controller: pic", "none"),
     "x.yaml:4:31: error: virtual_wire: ioapic needs an I/O APIC: "
     "machine.ioapic.pins is 0"},
    {"pin_0_of_the_8259s", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}, pic: {virtual_wire: lint0}}",
                   "message: intx, pin: 0", "none"),
     "x.yaml:6:37: error: pin 0 of the I/O APIC is the 8259s'"},
    {"nmi_by_a_line", NULL,
     LINE_SCENARIO("{ioapic: {pins: 24}}",
                   "message: intx, delivery: nmi, pulse: periodic, "
                   "pulse_interval: 1ms",
                   "none"),
     "x.yaml:6:42: error: a line's interrupt has a vector; 'delivery' needs "
     "messages: msi or msix"},
    {"smi_for_a_guest", NULL,
     LINE_SCENARIO("{cpus: 1}",
                   "delivery: smi, pulse: periodic, pulse_interval: 1ms",
                   "kvm"),
     "x.yaml:6:27: error: SMIs go to programs on bare metal; 'vm' has a "
     "hypervisor"},
    {"smi_of_an_adapter", NULL,
     LINE_SCENARIO("{cpus: 1}", "delivery: smi", "none"),
     "x.yaml:6:27: error: NMIs and SMIs need a device that pulses: 'pulse'"},
    {"eli_with_intx", NULL,
     "title: t\nplatform: platforms/nehalem-x5570.yaml\nduration: 1ms\n"
     "machine: {ioapic: {pins: 120}}\ndevices:\n"
     "  - {name: nic, message: intx, pin: 119}\n"
     "programs:\n  - {name: counter, kind: spin}\nvms:\n  - name: guest\n"
     "    hypervisor: kvm\n    apic: x2apic\n    features: {eli: true}\n"
     "    assigned: [nic]\n    program: counter\n",
     "x.yaml:13:21: error: eli needs devices with messages: the interrupts of "
     "'nic' come through a line"},
    {"msi_vectors", "    vectors: 2", "    message: msi\n    vectors: 3",
     "x.yaml:9:14: error: message: msi needs a power of two as 'vectors' (1, "
     "2, 4 .. 32), not 3"},
    {"absolute_timer_alone", "    vectors: 2",
     "    vectors: 2\n    delay_timers: {rx_absolute: 50us}",
     "x.yaml:9:33: error: 'rx_absolute' needs 'rx_packet': without it each "
     "packet interrupts at once"},
    {"delay_timers_and_coalescing", "    vectors: 2",
     "    vectors: 2\n    delay_timers: {tx_packet: 10us}\n"
     "    coalescing: {tx_frames: 4, rx_usecs: 5}",
     "x.yaml:10:29: error: 'tx_frames' and 'tx_packet' exclude each other: "
     "delay timers or coalescing\nx.yaml:10:29: warning: 'tx_frames' without "
     "'tx_usecs': fewer packets than that are never told"},
    {"pulses_that_send", "    pulse: periodic\n",
     "    pulse: periodic\n    coalescing: {tx_usecs: 4}\n",
     "x.yaml:11:28: error: 'tx_usecs' needs 'pulse: none': a source of pulses "
     "sends nothing"},
    {"granted_without_msi", "    vectors: 2",
     "    vectors: 2\n    msi: {granted: 1}",
     "x.yaml:9:20: error: 'granted' needs 'message: msi'"},
    {"granted_more_than_asked", "    vectors: 2",
     "    vectors: 2\n    message: msi\n    msi: {granted: 4}",
     "x.yaml:10:20: error: 'granted' must be a power of two up to 'vectors' "
     "(2), not 4"},
    {"granted_three", "    vectors: 2",
     "    vectors: 4\n    message: msi\n    msi: {granted: 3}",
     "x.yaml:10:20: error: 'granted' must be a power of two up to 'vectors' "
     "(4), not 3"},
    {"pulse_without_interval", "    pulse_interval: 100us\n", "",
     "x.yaml:10:12: error: a pulse needs 'pulse_interval', for instance 100us"},
    {"interval_without_pulse", "    pulse: periodic\n", "",
     "x.yaml:10:21: error: 'pulse_interval' needs 'pulse': periodic, uniform "
     "or exponential"},
    {"doorbell_beyond_the_window", "    kind: stream\n",
     "    kind: stream\n    window: 4\n    messages_per_doorbell: 5\n",
     "x.yaml:16:28: error: 'messages_per_doorbell' (5) must not exceed "
     "'window' (4): the program would wait for ever"},
    {"rtl_ioapic_of_another_size", "machine: {cpus: 2}",
     "machine: {cpus: 2, ioapic: {pins: 32, implementation: rtl}}",
     "x.yaml:5:55: error: implementation: rtl needs an I/O APIC of 24 or 120 "
     "pins; machine.ioapic.pins is 32"},
    {"rtl_delay_beyond_its_counter", "machine: {cpus: 2}",
     "machine: {cpus: 2, ioapic: {pins: 24, implementation: rtl}}\n"
     "variants:\n  slow: {platform: {ioapic: {eoi_to_message: 65536 cycles}}}",
     "x.yaml:5:55: error: implementation: rtl needs delays of at most 65535 "
     "cycles; a delay of platform.ioapic is 65536"},
    {"rtl_lapic_with_a_delay_beyond_its_counter", "machine: {cpus: 2}",
     "machine: {cpus: 2, lapic: {implementation: rtl}}\n"
     "variants:\n  slow: {platform: {lapic: {icr_to_bus: 32768 cycles}}}",
     "x.yaml:5:44: error: implementation: rtl needs delays of at most 32767 "
     "cycles; a delay of platform.lapic is 32768"},
    {"rtl_8259_with_a_delay_beyond_its_counter", "machine: {cpus: 2}",
     "machine: {cpus: 2, pic: {virtual_wire: lint0, implementation: rtl}}\n"
     "variants:\n  slow: {platform: {pic: {line_to_int: 65536 cycles}}}",
     "x.yaml:5:63: error: implementation: rtl needs delays of at most 65535 "
     "cycles; a delay of platform.pic is 65536"},
    {"rtl_unit_with_a_delay_beyond_its_counter", "machine: {cpus: 2}",
     "machine: {cpus: 2, iommu: {units: 1, implementation: rtl}}\n"
     "variants:\n  slow: {platform: {iommu: {request_to_message: 65536 "
     "cycles}}}",
     "x.yaml:5:54: error: implementation: rtl needs delays of at most 65535 "
     "cycles; a delay of platform.iommu is 65536"},
    {"rtl_of_another_kind", "machine: {cpus: 2}",
     "machine: {cpus: 2, lapic: {implementation: rtx}}",
     "x.yaml:5:44: error: 'implementation: rtx': expected one of model, rtl; "
     "did you mean 'rtl'?"},
    {"timer_work_without_timer", "    kind: stream\n",
     "    kind: stream\n    timer_work: 5 cycles\n",
     "x.yaml:15:17: error: 'timer_work' needs 'timer', for instance 250Hz"},
    {"longer_than_an_hour", "duration: 10ms", "duration: 3600s",
     "x.yaml:3:11: error: 'duration' and 'warmup' together must be less than "
     "an hour (3600s) of simulated time"},
    {"no_vms",
     "vms:\n  - name: guest\n    hypervisor: kvm\n    apic: x2apic\n    "
     "assigned: [nic]\n    program: sender\n  - name: other\n    hypervisor: "
     "kvm\n    cpu: 1\n    assigned: [clock]\n    program: counter\n",
     "vms: []\n",
     "x.yaml:7:11: warning: device 'nic' is assigned to nobody: it does "
     "nothing\nx.yaml:9:11: warning: device 'clock' is assigned to nobody: it "
     "does nothing\nx.yaml:18:6: error: 'vms' is empty"},
    {"variant_key_unknown", "vms:\n", "variants: {a: {duraton: 1s}}\nvms:\n",
     "x.yaml:18:16: error: unknown key 'duraton' of a scenario; did you mean "
     "'duration'?"},
    {"variant_element_unknown", "vms:\n",
     "variants: {a: {vms: {gest: {cpu: 1}}}}\nvms:\n",
     "x.yaml:18:22: error: there is no virtual machine 'gest'; did you mean "
     "'guest'?"},
    {"variant_path_unknown", "vms:\n",
     "variants: {a: {vms.guest.cpo: 1}}\nvms:\n",
     "x.yaml:18:16: error: unknown key 'cpo' of a virtual machine; did you "
     "mean 'cpu'?"},
    {"variant_with_expect", "vms:\n", "variants: {a: {expect: []}}\nvms:\n",
     "x.yaml:18:16: error: 'expect' is a key of the file; a variant cannot "
     "have it"},
    {"variant_is_a_value", "vms:\n", "variants: {a: fast}\nvms:\n",
     "x.yaml:18:15: error: variant 'a': expected the keys that differ, not a "
     "value"},
    {"variants_as_list", "vms:\n", "variants: [a, b]\nvms:\n",
     "x.yaml:18:11: error: 'variants': expected names with the keys that "
     "differ, not a list"},
    {"variant_with_bad_name", "vms:\n", "variants: {a b: {}}\nvms:\n",
     "x.yaml:18:12: error: bad name 'a b': a letter, then letters, digits, '_' "
     "and '-', at most 63 in all"},
    {"rule_broken_in_one_variant", "vms:\n",
     "variants: {a: {}, b: {vms.other.cpu: 0}}\nvms:\n",
     "x.yaml:18:38: error: CPU 0 already runs 'guest'; virtual machines share "
     "it only with the same 'apic', whose mode is the host's too (variant "
     "'b')"},
    {"overridden_mistake", "vms:\n",
     "seed: x\nvariants: {a: {seed: 1}}\nvms:\n",
     "x.yaml:18:7: error: 'seed: x': expected a whole number, for instance "
     "'4'"},
    {"expect_without_limit", "vms:\n",
     "expect: [{figure: exits.total}]\nvms:\n",
     "x.yaml:18:10: error: an expectation needs 'min' or 'max'"},
    {"expect_nothing_between", "vms:\n",
     "expect: [{figure: exits.total, min: 2, max: 1}]\nvms:\n",
     "x.yaml:18:37: error: 'min' is larger than 'max'; nothing lies between"},
    {"expect_no_number", "vms:\n",
     "expect: [{figure: exits.total, min: few}]\nvms:\n",
     "x.yaml:18:37: error: 'min: few': expected a number, for instance 1.5"},
    {"expect_no_such_variant", "vms:\n",
     "expect: [{figure: exits.total, variant: bse, min: 1}]\nvms:\n",
     "x.yaml:18:41: error: there is no variant 'bse'; did you mean 'base'?"},
    {"published_no_such_variant", "vms:\n",
     "published: [{figure: exits.total, label: l, source: s, certainty: "
     "primary, values: {bse: 1}}]\nvms:\n",
     "x.yaml:18:85: error: there is no variant 'bse'; did you mean 'base'?"},
    {"published_certainty", "vms:\n",
     "published: [{figure: exits.total, label: l, source: s, certainty: sure, "
     "values: {base: 1}}]\nvms:\n",
     "x.yaml:18:67: error: 'certainty: sure': expected one of primary, "
     "secondary, recalled, fitted, assumed"},
    {"published_value", "vms:\n",
     "published: [{figure: exits.total, label: l, source: s, certainty: "
     "primary, values: {base: many}}]\nvms:\n",
     "x.yaml:18:91: error: 'values: many': expected a number, for instance "
     "1.5"},
};

#endif

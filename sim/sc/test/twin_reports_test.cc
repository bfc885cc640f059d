// Shipped scenarios give the same result, byte for byte, whether a block's
// model acts or its RTL; and the RTL did act.
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/sc/test/sc_test.h"
#include "sim/sc/twins.h"

#include "sim/sc/machine_c.h"
extern "C" {
#include "sim/core/diag.h"
#include "sim/report/report.h"
#include "sim/report/result.h"
#include "sim/scenario/scenario_load.h"
}

namespace
{

constexpr const char *RTL = "implementation: rtl";
constexpr const char *MODEL = "implementation: model";

// A scenario in which a block of the machine is used, and what to set so that
// it is, and for how long.
struct use {
    const char *block, *file;
    std::vector<const char *> set;
};

const use uses[] = {
    {"lapic", "eli-netperf", {"warmup=1ms", "duration=5ms"}},
    {"lapic", "first-interrupt", {}},
    {"lapic", "intx-or-msi", {"duration=20ms"}},
    {"ioapic", "intx-or-msi", {}},
    {"ioapic", "intx-or-msi", {"machine.ioapic.pins=120", "duration=20ms"}},
    {"lapic", "pic-or-ioapic", {"duration=20ms"}},
    {"ioapic", "pic-or-ioapic", {}},
    {"ioapic", "intx-sharing", {"duration=20ms"}},
    {"pic", "pic-or-ioapic", {}},
    {"pic", "pic-priority", {"duration=20ms"}},
    {"pic", "pic-spurious", {}},
    {"pic",
     "first-interrupt",
     {"machine.pic.virtual_wire=lint0", "vms.guest.hypervisor=none",
      "devices.pulser.message=isa", "devices.pulser.controller=pic"}},
    {"pic",
     "intx-sharing",
     {"machine.pic.virtual_wire=ioapic", "devices.first.controller=pic",
      "devices.second.controller=pic", "devices.third.controller=pic",
      "devices.fourth.controller=pic", "duration=20ms"}},
    {"iommu", "iec-thrash", {"duration=5ms"}},
    {"iommu", "msi-spoofing", {"duration=20ms"}},
    {"iommu", "intx-or-msi", {"machine.iommu.units=2", "duration=20ms"}},
    {"ioapic",
     "first-interrupt",
     {"machine.ioapic.pins=24", "devices.pulser.message=intx"}},
};

struct outcome {
    std::string json;
    std::uint64_t cycles = 0; // of the RTL
};

std::string json_of(const struct result &r)
{
    char *text = nullptr;
    std::size_t bytes = 0;
    std::FILE *to = open_memstream(&text, &bytes);

    report_json(to, &r);
    std::fclose(to);
    std::string json(text, bytes);
    std::free(text);
    return json;
}

// The result says which implementation was asked for: nothing else may differ.
std::string without_words(std::string json)
{
    for (std::size_t at; (at = json.find(RTL)) != std::string::npos;)
        json.replace(at, std::string(RTL).size(), MODEL);
    return json;
}

void run_variant(struct result &r, unsigned i, outcome &seen)
{
    struct machine *m = machine_build_with(&r.set->variant[i], &sc_twins);

    machine_run(m, machine_end(m));
    const char *broken = machine_finish(m, &r.figures[i]);
    EXPECT_EQ(broken, nullptr) << broken;
    seen.cycles += machine_twin_cycles(m);
    machine_free(m);
}

outcome run(const use &u, bool rtl)
{
    std::string file = std::string("scenarios/") + u.file + ".yaml";
    std::string key = std::string("machine.") + u.block +
                      ".implementation=" + (rtl ? "rtl" : "model");
    std::vector<const char *> sets = u.set;
    struct scenario_options options = {};
    struct diag mistakes;
    struct result r;
    outcome seen;

    sets.push_back(key.c_str());
    options.set = sets.data();
    options.set_count = sets.size();
    diag_init(&mistakes);
    struct scenario_set *set = scenario_load(file.c_str(), &options, &mistakes);
    diag_print(&mistakes, stderr);
    diag_free(&mistakes);
    if (!set) {
        ADD_FAILURE() << file << " has mistakes";
        return seen;
    }
    result_init(&r, set, "test");
    r.variant_count = set->variant_count;
    for (unsigned i = 0; i < set->variant_count; i++) {
        r.variant[i] = i;
        figures_init(&r.figures[i]);
        r.resolved[i] = scenario_show(set, i);
        run_variant(r, i, seen);
    }
    result_derive(&r);
    seen.json = json_of(r);
    result_free(&r);
    scenario_free(set);
    return seen;
}

TEST(twin_reports, result_is_the_same_byte_for_byte_with_the_rtl_of_a_block)
{
    for (const use &u : uses) {
        SCOPED_TRACE(std::string(u.block) + " in " + u.file);
        outcome model = run(u, false), rtl = run(u, true);

        EXPECT_EQ(model.cycles, 0u);
        EXPECT_GT(rtl.cycles, 200u) << "the RTL was hardly clocked";
        EXPECT_NE(model.json, rtl.json) << "both say the same implementation";
        EXPECT_EQ(model.json, without_words(rtl.json));
    }
}

} // namespace

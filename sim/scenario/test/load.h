/* Loading texts as scenarios, for the tests of this folder. */
#ifndef SIM_SCENARIO_TEST_LOAD_H
#define SIM_SCENARIO_TEST_LOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/scenario_load.h"

/* A scenario without mistakes; the tests change it. */
static const char load_base[] = "title: Two of everything\n"
                                "platform: platforms/nehalem-x5570.yaml\n"
                                "duration: 10ms\n"
                                "warmup: 1ms\n"
                                "machine: {cpus: 2}\n"
                                "devices:\n"
                                "  - name: nic\n"
                                "    vectors: 2\n"
                                "  - name: clock\n"
                                "    pulse: periodic\n"
                                "    pulse_interval: 100us\n"
                                "programs:\n"
                                "  - name: sender\n"
                                "    kind: stream\n"
                                "    handler: 1000 cycles\n"
                                "  - name: counter\n"
                                "    kind: spin\n"
                                "vms:\n"
                                "  - name: guest\n"
                                "    hypervisor: kvm\n"
                                "    apic: x2apic\n"
                                "    assigned: [nic]\n"
                                "    program: sender\n"
                                "  - name: other\n"
                                "    hypervisor: kvm\n"
                                "    cpu: 1\n"
                                "    assigned: [clock]\n"
                                "    program: counter\n"
                                "bridges:\n"
                                "  - name: port\n";

struct loaded {
    struct scenario_set *set; /* NULL after a mistake */
    struct diag diag;
};

/* The text as file "x.yaml", with `count` options "KEY=VALUE". */
__attribute__((unused)) static struct loaded
load_text(const char *text, const char *const *set, size_t count)
{
    struct scenario_options opts = {.set = set,
                                    .set_count = count,
                                    .platform_dir = "scenarios",
                                    .text = text,
                                    .text_bytes = strlen(text)};
    struct loaded l;

    diag_init(&l.diag);
    l.set = scenario_load("x.yaml", &opts, &l.diag);
    return l;
}

__attribute__((unused)) static void loaded_free(struct loaded *l)
{
    scenario_free(l->set);
    diag_free(&l->diag);
}

/* The text with the first `from` replaced; free() it.  NULL: it has none. */
__attribute__((unused)) static char *
load_replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t room = strlen(text) + strlen(to) + 1;
    char *result = at ? malloc(room) : NULL;

    if (result)
        snprintf(result, room, "%.*s%s%s", (int)(at - text), text, to,
                 at + strlen(from));
    return result;
}

/* All of a file, with a NUL behind it; free() it. */
__attribute__((unused)) static char *load_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t bytes = 0, capacity = 1 << 20;
    char *text = malloc(capacity + 1);

    if (f && text) {
        bytes = fread(text, 1, capacity, f);
        text[bytes] = 0;
    }
    if (f)
        fclose(f);
    return text;
}

#endif

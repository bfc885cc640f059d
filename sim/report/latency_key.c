/* Keys of latencies, taken apart. */
#include "sim/report/latency_key.h"

#include <stdio.h>
#include <string.h>

static const char *const hop_text[] = {
#define HOP(name, text, sentence) text,
#include "sim/core/hops.def"
#undef HOP
};

const char *latency_hop_text(enum hop hop)
{
    return hop_text[hop];
}

static bool find_hop(enum hop *hop, const char *text, size_t length)
{
    for (unsigned i = 0; i < HOP_COUNT; i++) {
        if (strlen(hop_text[i]) == length &&
            strncmp(hop_text[i], text, length) == 0) {
            *hop = (enum hop)i;
            return true;
        }
    }
    return false;
}

bool latency_key_parse(struct latency_key *k, const char *key)
{
    static const char prefix[] = "latency_ns.";
    const char *from = key + sizeof prefix - 1, *to, *what;

    if (strncmp(key, prefix, sizeof prefix - 1) != 0)
        return false;
    to = strstr(from, "..");
    if (!to || !find_hop(&k->from, from, (size_t)(to - from)))
        return false;
    to += 2;
    what = strchr(to, '.');
    if (!what || !find_hop(&k->to, to, (size_t)(what - to)))
        return false;
    snprintf(k->what, sizeof k->what, "%s", what + 1);
    return true;
}

void latency_key_make(char out[FIGURE_KEY], const struct latency_key *k,
                      const char *what)
{
    snprintf(out, FIGURE_KEY, "latency_ns.%s..%s.%s", hop_text[k->from],
             hop_text[k->to], what);
}

/* sim/core/hops.def names the births first. */
bool latency_is_birth(enum hop hop)
{
    return hop < HOP_LAPIC_ACCEPT;
}

enum hop latency_handler(enum hop birth)
{
    return birth == HOP_USER_SEND ? HOP_USER_HANDLER : HOP_GUEST_HANDLER;
}

bool latency_end_to_end(const struct latency_key *k)
{
    return latency_is_birth(k->from) && k->to == latency_handler(k->from);
}

bool latency_is_step(const struct latency_key *k)
{
    return !latency_end_to_end(k) && k->to != HOP_EOI;
}

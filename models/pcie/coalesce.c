/* When waiting packets become a cause, without time. */
#include "models/pcie/coalesce.h"

struct coalesce_rule coalesce_delay_timers(bool packet, bool absolute)
{
    if (!packet)
        return (struct coalesce_rule){.frames = 1};
    return (struct coalesce_rule){.packet_timer = true,
                                  .absolute_timer = absolute};
}

struct coalesce_rule coalesce_parameters(bool time, uint32_t frames)
{
    return (struct coalesce_rule){.absolute_timer = time,
                                  .frames = time || frames ? frames : 1};
}

static struct coalesce_out fire(struct coalesce *c)
{
    c->waiting = 0;
    c->timed = false;
    return (struct coalesce_out){.fire = true};
}

struct coalesce_out coalesce_packets(struct coalesce *c,
                                     const struct coalesce_rule *r,
                                     uint64_t packets)
{
    struct coalesce_out out = {false, false, false};

    c->waiting += packets;
    if (!c->waiting)
        return out;
    if (r->frames && c->waiting >= r->frames)
        return fire(c);
    out.start_packet = r->packet_timer && packets;
    out.start_absolute = r->absolute_timer && !c->timed;
    c->timed |= out.start_absolute;
    return out;
}

struct coalesce_out coalesce_expire(struct coalesce *c)
{
    return fire(c);
}

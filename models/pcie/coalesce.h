/*
 * What an adapter waits for before it sets a cause: the delay timers of the
 * 8254x class (RDTR and RADV, TIDV and TADV), or the coalescing parameters of
 * operating systems (rx-usecs, rx-frames).  It acts before moderation.
 *
 * Packets wait until enough of them have come or a timer expires; whichever
 * is first sets the cause, stops both timers and starts the count anew.
 */
#ifndef MODELS_PCIE_COALESCE_H
#define MODELS_PCIE_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

/* What is in use; it may change while packets wait. */
struct coalesce_rule {
    bool packet_timer;   /* restarted by every packet */
    bool absolute_timer; /* started by the first packet, not restarted */
    uint32_t frames;     /* the packet that sets the cause at once; 0: none */
};

struct coalesce {
    uint64_t waiting; /* packets since the last cause */
    bool timed;       /* the absolute timer runs */
};

struct coalesce_out {
    bool fire : 1; /* set the cause; no timer runs any more */
    bool start_packet : 1, start_absolute : 1;
};

/* Delay timers: a packet timer of 0 means that each packet fires. */
struct coalesce_rule coalesce_delay_timers(bool packet, bool absolute);

/* Coalescing: a time, a number of packets, or both; neither means that each
 * packet fires. */
struct coalesce_rule coalesce_parameters(bool time, uint32_t frames);

/* `packets` more have come; 0: only the rule has changed. */
struct coalesce_out coalesce_packets(struct coalesce *c,
                                     const struct coalesce_rule *r,
                                     uint64_t packets);

/* A timer that was started has expired. */
struct coalesce_out coalesce_expire(struct coalesce *c);

#endif

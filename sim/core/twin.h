/*
 * RTL that acts in the place of a model: what its owner wants of it, whichever
 * block it is.  What a node asks it stands in models/NAME/NAME_node_twin.h.
 */
#ifndef SIM_CORE_TWIN_H
#define SIM_CORE_TWIN_H

#include <stdint.h>

struct twin_calls {
    /* NULL, or in words where it first did not keep its node's time. */
    const char *(*complaint)(const void *of);

    /* How many cycles it was clocked. */
    uint64_t (*cycles)(const void *of);
    void (*free)(void *of);
};

struct twin {
    const struct twin_calls *call;
    void *of;
};

#endif

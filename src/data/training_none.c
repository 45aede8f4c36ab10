// SPDX-License-Identifier: Apache-2.0
// Stands in for dataset.c and the readers in a build without training: data sections are not read.
#include "data/data.h"

static const mote_property no_properties[] = {{.name = NULL}};

mote_status mote_dataset_check(const mote_dataset_config *config)
{
    (void)config;
    return MOTE_OK;
}

const char *mote_dataset_reader(size_t index, const mote_property **table, const char **summary)
{
    (void)index;
    (void)table;
    (void)summary;
    return NULL;
}

const mote_property *mote_dataset_properties(void)
{
    return no_properties;
}

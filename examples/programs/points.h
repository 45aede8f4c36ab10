// SPDX-License-Identifier: Apache-2.0
// Points of the square from -1 to 1 and on which side of a circle they lie; the same in every run.
#ifndef POINTS_H
#define POINTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct circle {
    float x, y, radius;
} circle;

static inline float draw(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return (float)(*state >> 8) / 8388608.0F - 1.0F;
}

static inline void make_points(uint32_t *state, const circle *circle, size_t count,
                               float points[][2], int32_t *sides)
{
    for (size_t i = 0; i < count; i++) {
        points[i][0] = draw(state);
        points[i][1] = draw(state);
        const float x = points[i][0] - circle->x;
        const float y = points[i][1] - circle->y;
        sides[i] = x * x + y * y < circle->radius * circle->radius;
    }
}

#endif

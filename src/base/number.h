// SPDX-License-Identifier: Apache-2.0
// Numbers from and to text, strictly and in any locale.
#ifndef MOTE_BASE_NUMBER_H
#define MOTE_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Decimal digits only, all `length` characters; false when it is anything else or does not fit.
bool mote_number_parse_integer(const char *text, size_t length, uint64_t *value);

/// A size: a number, and behind it perhaps blanks and kB, MB, GB (1000-based) or KiB, MiB, GiB (1024-based), in any case; with
/// a unit also fractions, rounded down. False when it is anything else or does not fit.
bool mote_number_parse_bytes(const char *text, size_t length, uint64_t *bytes);

/// Writes a size so that mote_number_parse_bytes gives it back: in the largest unit of the 1024-based that it is a multiple
/// of. Returns the length of the whole text (cut at `bytes`).
size_t mote_number_print_bytes(uint64_t size, char *text, size_t bytes);

/// Writes a number as MOTE_HEX_DIGITS lower-case hexadecimal digits, without a final zero.
#define MOTE_HEX_DIGITS 16U
void mote_number_write_hex(uint64_t number, char text[MOTE_HEX_DIGITS]);

/// Sign, decimal digits with a point, exponent, all `length` characters (at most 127); correctly
/// rounded. False for anything else: nan, inf, hexadecimal, what overflows.
bool mote_number_parse_real(const char *text, size_t length, double *value);

/// Writes a finite number so that mote_number_parse_real gives it back: 9 digits if these do, else
/// 17. Returns the length of the whole text (cut at `bytes`).
size_t mote_number_print_real(double value, char *text, size_t bytes);

#endif

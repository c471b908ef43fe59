/**
 * Powers and logarithms of two, rounded as the reference engine's library (Go's math) rounds them: a percentile is
 * compared bit for bit, and the platform's own differ from it in the last one.
 *
 * Source: FreeBSD's e_exp.c and e_log.c, of which Go's are a translation: Copyright (C) 1993, 2004 by Sun Microsystems,
 * Inc. All rights reserved. Permission to use, copy, modify, and distribute this software is freely granted, provided
 * that this notice is preserved.
 *
 * @module
 */

const LN2_HIGH = 6.93147180369123816490e-01;
const LN2_LOW = 1.90821492927058770002e-10;

/** Coefficients of the remainders' polynomials, the constant term first. */
const EXP = [
  1.66666666666666657415e-01,
  -2.77777777770155933842e-03,
  6.61375632143793436117e-05,
  -1.65339022054652515390e-06,
  4.13813679705723846039e-08,
];
const LOG_EVEN = [
  6.666666666666735130e-01,
  2.857142874366239149e-01,
  1.818357216161805012e-01,
  1.479819860511658591e-01,
];
const LOG_ODD = [3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => coefficient + x * sum);
}

/** 2 ** x, for x from -1,022 to 1,023. */
export function exp2(x: number): number {
  const whole = Math.trunc(x < 0 ? x - 0.5 : x + 0.5);
  const rest = x - whole;
  const high = rest * LN2_HIGH;
  const low = -rest * LN2_LOW;
  const r = high - low;
  const square = r * r;
  const c = r - square * polynomial(EXP, square);
  const y = 1 - ((low - (r * c) / (2 - c)) - high);
  return y * 2 ** whole;
}

/** The logarithm of a positive number that is neither subnormal nor infinite. */
export function log2(x: number): number {
  const { fraction, exponent } = parts(x);
  return fraction === 0.5 ? exponent - 1 : log(fraction) * (1 / Math.LN2) + exponent;
}

const view = new DataView(new ArrayBuffer(8));

/** x as fraction * 2 ** exponent, the fraction from 0.5 to below 1. */
function parts(x: number): { readonly fraction: number; readonly exponent: number } {
  view.setFloat64(0, x);
  const high = view.getUint32(0);
  view.setUint32(0, high & 0x000fffff | 0x3fe00000);
  return { fraction: view.getFloat64(0), exponent: (high >>> 20 & 0x7ff) - 1_022 };
}

/** The natural logarithm of a number from 0.5 to below 1. */
function log(fraction: number): number {
  const isLow = fraction < Math.SQRT2 / 2;
  const k = isLow ? -1 : 0;
  const f = (isLow ? fraction * 2 : fraction) - 1;
  const s = f / (2 + f);
  const square = s * s;
  const fourth = square * square;
  const rest = square * polynomial(LOG_EVEN, fourth) + fourth * polynomial(LOG_ODD, fourth);
  const half = 0.5 * f * f;
  return k * LN2_HIGH - ((half - (s * (half + rest) + k * LN2_LOW)) - f);
}

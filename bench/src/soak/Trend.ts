/**
 * Does a series of samples grow? A straight line through it by least squares, and how far its slope may be off.
 * Samples of a process resemble the ones before them, which makes a naive interval far too narrow; it is widened by
 * the correlation of neighbours, as if there were fewer samples.
 */

export interface Point {
  /** Hours since the beginning. */
  readonly hours: number
  readonly value: number
}

/** In the unit of the values per hour. */
export interface Trend {
  readonly slope: number
  /** Ends of the 95 % confidence interval of the slope. */
  readonly low: number
  readonly high: number
  readonly samples: number
  /** Correlation of each residual with the one before. */
  readonly correlation: number
}

/** Fewer samples say nothing. */
export const pointsMin = 5

/** At a correlation beyond this no number of samples would help. */
const correlationMax = 0.98

/**
 * The trend of a series in order of time. Throws a `RangeError` for fewer than `pointsMin` points, for one that is no
 * finite number, and for points of a single moment.
 */
export const of = (points: ReadonlyArray<Point>): Trend => {
  const samples = points.length
  if (samples < pointsMin) throw new RangeError(`${samples} samples are too few for a trend`)
  if (!points.every(({ hours, value }) => Number.isFinite(hours) && Number.isFinite(value))) {
    throw new RangeError("a sample is no finite number")
  }
  const meanHours = mean(points.map(({ hours }) => hours))
  const meanValue = mean(points.map(({ value }) => value))
  let spread = 0
  let shared = 0
  for (const { hours, value } of points) {
    spread += (hours - meanHours) ** 2
    shared += (hours - meanHours) * (value - meanValue)
  }
  if (spread === 0) throw new RangeError("samples of a single moment have no trend")
  const slope = shared / spread
  const residuals = points.map(({ hours, value }) => value - meanValue - slope * (hours - meanHours))
  const correlation = neighbours(residuals)
  const independent = Math.max(3, (samples * (1 - correlation)) / (1 + correlation))
  const variance = residuals.reduce((sum, each) => sum + each ** 2, 0) / (samples - 2)
  const error = Math.sqrt((variance / spread) * (samples / independent))
  const reach = studentsT(independent - 2) * error
  return { slope, low: slope - reach, high: slope + reach, samples, correlation }
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, each) => sum + each, 0) / values.length

/** Only resemblance counts: neighbours that differ more than chance would make the interval narrower. */
const neighbours = (residuals: ReadonlyArray<number>): number => {
  let own = 0
  let next = 0
  for (let i = 0; i < residuals.length; i++) {
    own += residuals[i]! ** 2
    if (i > 0) next += residuals[i]! * residuals[i - 1]!
  }
  return own === 0 ? 0 : Math.min(correlationMax, Math.max(0, next / own))
}

/** The 97.5 % point of Student's distribution (Abramowitz and Stegun, 26.7.5); exact enough from 1 degree on. */
const studentsT = (degrees: number): number => {
  if (degrees < 2) return 12.71
  const z = 1.959964
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2)
}

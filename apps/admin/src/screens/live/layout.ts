/** Where each peer lies on the map: on a ring around the hub, in the order of names, so that nothing jumps when something happens. */

/** Peers that a map shows; of more the table tells. */
export const shownMax = 48

export interface Point {
  readonly x: number
  readonly y: number
}

/** Of so many, on a ring within a square of this size; the first is at the top, and they go round to the right. */
export const ring = (many: number, size: number, margin: number): ReadonlyArray<Point> => {
  const [middle, radius] = [size / 2, size / 2 - margin]
  return Array.from({ length: many }, (_, at) => {
    const angle = (2 * Math.PI * at) / many - Math.PI / 2
    return { x: Math.round(middle + radius * Math.cos(angle)), y: Math.round(middle + radius * Math.sin(angle)) }
  })
}

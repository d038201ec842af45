/** A form over something that others may change meanwhile: what is typed stays, and it is known whether the ground moved beneath it. */
import { useState } from "react"

export interface Edited<A, S> {
  readonly value: A
  readonly edit: (value: A) => void
  /** Others changed meanwhile what the form was begun with. */
  readonly isMoved: boolean
  /** What a change is made to: where the ground moved, what the form was begun with, so that the hub refuses it. */
  readonly seen: S
  /** What is typed is forgotten; also once it is saved. */
  readonly takeTheirs: () => void
  /** What is typed goes over what others did; where nothing is typed theirs stands. */
  readonly keepMine: () => void
}

interface Mine<A, S> {
  readonly value: A
  readonly ground: A
  readonly seen: S
}

export const isAlike = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

export const isMovedBeneath = <A>({ ground, value }: Pick<Mine<A, unknown>, "ground" | "value">, theirs: A): boolean =>
  !isAlike(ground, theirs) && !isAlike(value, theirs)

/** Mine where I typed, theirs elsewhere. */
export const merged = <A>({ ground, value }: Pick<Mine<A, unknown>, "ground" | "value">, theirs: A): A => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value
  const fields = Object.keys(value) as Array<keyof A>
  return Object.fromEntries(
    fields.map((field) => [field, isAlike(value[field], ground[field]) ? theirs[field] : value[field]])
  ) as A
}

/** `seen` is what a change is made to, such as a version. */
export const useEdited = <A, S = undefined>(theirs: A, seen: S): Edited<A, S> => {
  const [mine, setMine] = useState<Mine<A, S>>()
  const isMoved = mine !== undefined && isMovedBeneath(mine, theirs)
  return {
    value: mine === undefined ? theirs : mine.value,
    isMoved,
    seen: isMoved ? mine.seen : seen,
    edit: (value) => setMine((was) => ({ value, ground: was?.ground ?? theirs, seen: was?.seen ?? seen })),
    takeTheirs: () => setMine(undefined),
    keepMine: () => setMine((was) => was && { value: merged(was, theirs), ground: theirs, seen })
  }
}

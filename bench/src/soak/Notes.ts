/**
 * The records that long runs work on: small notes, so that a million of them fit fifty times on a disk.
 */
import { Entity, Schema } from "@syncline/node"

/** The name of the space in long runs. */
export const space = "soak"

export const Note = Entity.make("note", {
  title: Entity.lww(Schema.String),
  number: Entity.lww(Schema.Int),
  done: Entity.lww(Schema.Boolean)
})

/** Records in one transaction while a journal is filled. */
export const perTransaction = 10_000

/** The id of the note with a number. */
export const idOf = (number: number): string => `note-${number}`

/** Notes from one number to before another. */
export const notes = (from: number, upto: number) =>
  Array.from({ length: upto - from }, (_, i) => ({
    id: idOf(from + i),
    title: `Note number ${from + i}`,
    number: from + i,
    done: false
  }))

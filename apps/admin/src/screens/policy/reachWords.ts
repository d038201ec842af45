/** What a device may do, in words, and two answers side by side. */
import type { Impact, Reach } from "../../api/policy.ts"
import { plainUpTo } from "../../elements/plainText.ts"

/** "update task.title", "read everything". */
export const whatOf = ({ action, field, type }: Pick<Impact, "action" | "field" | "type">): string => {
  const what = type === undefined ? "everything" : plainUpTo(type, 60)
  if (field === undefined) return `${action} ${what}`
  return `${action} ${what}: ${field === "" ? "every other field" : `the field ${plainUpTo(field, 60)}`}`
}

export interface Compared {
  readonly what: string
  readonly reach: Reach
  /** Records in force and in the draft; nothing where it does not stand there. */
  readonly before: number | undefined
  readonly after: number | undefined
}

const keyOf = ({ action, field, peer, type }: Reach): string => JSON.stringify([peer, action, type, field])

/** Both side by side, for the devices that are meant. */
export const compared = (
  now: ReadonlyArray<Reach>,
  draft: ReadonlyArray<Reach> | undefined,
  devices: ReadonlyArray<string>
): ReadonlyArray<Compared> => {
  const rows = new Map<string, Compared>()
  const isMeant = ({ peer }: Reach): boolean => devices.includes(peer)
  for (const reach of now.filter(isMeant)) {
    rows.set(keyOf(reach), { what: whatOf(reach), reach, before: reach.records, after: undefined })
  }
  for (const reach of (draft ?? []).filter(isMeant)) {
    const known = rows.get(keyOf(reach))
    rows.set(keyOf(reach), { what: whatOf(reach), reach, before: known?.before, after: reach.records })
  }
  return [...rows.values()]
}

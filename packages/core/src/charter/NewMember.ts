/**
 * How somebody comes into a charter who brings a name and a device: an id made of the name, and the operations of one record.
 * Who may write that record is `CharterRights`' to say.
 */
import { type CharterOperation, idCharsMax } from "./CharterOperation.ts"

/**
 * An id for a member by a name that people gave: its letters and digits. `suffix`, at most 16 characters of an id, tells it
 * from one that is taken, and stands for a name without letters.
 */
export const idOf = (name: string, suffix: string, isTaken: (id: string) => boolean): string => {
  const letters = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
  const wanted = letters === "" ? `device-${suffix}` : letters.slice(0, idCharsMax - suffix.length - 1)
  return isTaken(wanted) ? `${wanted}-${suffix}` : wanted
}

/** The name without what cannot be seen; the id where nothing is left. */
export const nameOf = (name: string, id: string): string => name.replaceAll(/\p{C}/gu, "").trim() || id

export interface NewMember {
  readonly member: string
  readonly name: string
  readonly role: string
  readonly teams: ReadonlyArray<string>
  /** Public key of the first device, 32 bytes. */
  readonly device: Uint8Array
}

/** A member and its first device, which go by one name. */
export const operationsOf = ({
  device,
  member,
  name,
  role,
  teams
}: NewMember): readonly [CharterOperation, CharterOperation] => {
  const named = nameOf(name, member)
  return [
    { _tag: "AddMember", member, name: named, role, teams },
    { _tag: "AddDevice", member, device, name: named }
  ]
}

/**
 * One author's change of one entity, as it lies in a commit. The event's time is not written: it is the commit's
 * time plus the event's place. Reading checks everything; nothing of a malformed event is used.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as EntityId from "../identity/EntityId.ts"
import * as FieldValue from "./FieldValue.ts"
import * as Limits from "./Limits.ts"
import * as MessagePack from "./MessagePack.ts"
import type { NodeBudget } from "./MessagePackScan.ts"

/** Refers to an event that the writer had seen: an index into the commit's authors, and a number of that author. */
export type Dependency = readonly [authorIndex: number, eseq: number]

/** One set element whose observed additions are withdrawn. */
export type Removal = readonly [value: FieldValue.FieldValue, additions: ReadonlyArray<Dependency>]

/** An event that another one is in the place of: its author and number, and the first 16 bytes of its hash. */
export type Replaced = readonly [authorIndex: number, eseq: number, hash: Uint8Array]

/** The change itself. Absent parts change nothing. */
export interface Operations {
  /** `lww` fields and their new values. */
  readonly s?: { readonly [field: string]: FieldValue.FieldValue }
  /** `counter` fields and what is added. */
  readonly c?: { readonly [field: string]: number }
  /** `orSet` fields and the elements added. */
  readonly a?: { readonly [field: string]: ReadonlyArray<FieldValue.FieldValue> }
  /** `orSet` fields and the elements removed. */
  readonly r?: { readonly [field: string]: ReadonlyArray<Removal> }
  /** Deletes (`true`) or revives (`false`) the entity. */
  readonly d?: boolean
  /**
   * Events of the same device, under other incarnations, that this one is in the place of: what they say counts no more
   * wherever this one is known. At most `Limits.replacedPerEventMax`.
   */
  readonly w?: ReadonlyArray<Replaced>
}

export interface Event {
  readonly entity: string
  /** Number of this event among its author's events on the entity, from 1, without holes. */
  readonly eseq: number
  /** First 16 bytes of the hash of that author's previous event on the entity; absent for the first. */
  readonly prev: Uint8Array | undefined
  /** The newest events of other authors that the writer had seen on this entity. */
  readonly deps: ReadonlyArray<Dependency>
  readonly ops: Operations
}

/** Length of the part of an event's SHA-256 that clocks and `prev` carry. */
export const eventHashBytes = 16

/** Encoded form: `[entity, eseq, prev | nil, deps, ops]`. */
export const encode = (event: Event): Uint8Array =>
  MessagePack.pack([event.entity, event.eseq, event.prev ?? null, event.deps, event.ops])

/**
 * The encoded form of an event whose contents are sealed: the same without what it does to fields. What stays says that it
 * deletes or revives, and in whose place it is, for who has no key judges that, too.
 */
export const encodeOutline = ({ ops: { d, w }, ...event }: Event): Uint8Array => {
  const ops: Operations = { ...(d === undefined ? {} : { d }), ...(w === undefined ? {} : { w }) }
  return encode({ ...event, ops })
}

/** True for an event that does nothing to fields; of a sealed commit every event in the clear is one. */
export const isOutline = ({ ops: { a, c, r, s } }: Event): boolean =>
  s === undefined && c === undefined && a === undefined && r === undefined

/** True for an event that deletes, or that ends what brought the entity back: in its place, at a time before the deletion. */
export const mayDelete = ({ ops: { d, w } }: Event): boolean => d === true || (d === false && w !== undefined)

/** True for an event that revives, or that ends what deleted the entity: in its place, at a time before what brought it back. */
export const mayRevive = ({ ops: { d, w } }: Event): boolean => d === false || (d === true && w !== undefined)

/** What is sealed of an event, encoded; `undefined` when there is nothing to seal. */
export const encodeContents = (event: Event): Uint8Array | undefined => {
  if (isOutline(event)) return undefined
  const { a, c, r, s } = event.ops
  return MessagePack.pack({
    ...(s === undefined ? {} : { s }),
    ...(c === undefined ? {} : { c }),
    ...(a === undefined ? {} : { a }),
    ...(r === undefined ? {} : { r })
  })
}

/** What `decode` says of an event with operations of a later version: it may be good, and cannot be judged here. */
export const newer = "an event has operations of a later version"

/**
 * The event in bytes, or the sentence that says what is wrong with it. `authors` is the commit's author count, `budget`
 * what the events of its commit may hold yet.
 */
export const decode = (
  bytes: Uint8Array,
  authors: number,
  budget: NodeBudget = { nodes: Limits.commitNodesMax }
): Event | string => {
  if (bytes.length > Limits.eventBytesMax) return `an event has more than ${Limits.eventBytesMax} bytes`
  const unpacked = MessagePack.unpack(bytes, Limits.eventDepthMax, budget)
  if (typeof unpacked === "string") return `an event is ${unpacked}`
  const decoded = unpacked.value
  if (!Array.isArray(decoded) || decoded.length !== 5) return "an event is not a list of 5"
  const [entity, eseq, prev, deps, ops] = decoded as ReadonlyArray<unknown>
  const wrong =
    EntityId.problem(entity) ?? eseqProblem(eseq, prev) ?? depsProblem(deps, authors) ?? opsProblem(ops, authors)
  if (wrong !== undefined) return wrong
  return {
    entity: entity as string,
    eseq: eseq as number,
    // A decoder's byte arrays share memory with its input, which the caller may reuse.
    prev: prev === null ? undefined : Bytes.copy(prev as Uint8Array),
    deps: deps as ReadonlyArray<Dependency>,
    ops: ops as Operations
  }
}

/**
 * An outline with its contents, which somebody with the key has sealed: nobody without it could check them. `newer` for
 * contents of a later version. What breaks the rules is `"broken"`; a removal of additions that the event does not rest on
 * is, for then it would depend on who has the key whether something is missing; and so are contents of a deletion, which
 * who has no key judges as one that writes nothing.
 */
export const withContents = (
  event: Event,
  contents: Uint8Array | null | undefined,
  authors: number
): Event | typeof newer | "broken" => {
  if (contents === null || contents === undefined) return event
  if (event.ops.d === true || contents.length > Limits.eventBytesMax) return "broken"
  const unpacked = MessagePack.unpack(contents, Limits.eventDepthMax)
  if (typeof unpacked === "string") return "broken"
  const wrong = opsProblem(unpacked.value, authors)
  if (wrong === newer) return newer
  const { d, w, ...ops } = unpacked.value as Operations
  if (wrong !== undefined || d !== undefined || w !== undefined || !restsOnRemoved(event, ops)) return "broken"
  return { ...event, ops: { ...event.ops, ...ops } }
}

const restsOnRemoved = ({ deps, eseq }: Event, { r }: Operations): boolean =>
  Object.values(r ?? {}).every((removals) =>
    removals.every(([, additions]) =>
      additions.every(([author, number]) =>
        author === 0 ? number < eseq : deps.some(([index, upto]) => index === author && upto >= number)
      )
    )
  )

/** The entity of an encoded event that was checked before; nothing else of it is decoded. */
export const entityOf = (bytes: Uint8Array): string => {
  // A list of five that begins with a text of one length byte or none: what every encoder makes of an event.
  const isShort = (bytes[1]! & 0xe0) === 0xa0
  if (bytes[0] === 0x95 && (isShort || bytes[1] === 0xd9)) {
    const end = isShort ? 2 + (bytes[1]! & 0x1f) : 3 + bytes[2]!
    return MessagePack.unpackOwn(bytes.subarray(1, end)) as string
  }
  return (MessagePack.unpackOwn(bytes) as readonly [entity: string])[0]
}

const eseqProblem = (eseq: unknown, prev: unknown): string | undefined => {
  if (!Number.isSafeInteger(eseq) || (eseq as number) < 1) return "an event number is not a positive integer"
  const first = eseq === 1
  if (first !== (prev === null)) return "only an author's first event on an entity has no predecessor"
  if (!first && !(prev instanceof Uint8Array && prev.length === eventHashBytes)) return "a predecessor is not a hash"
  return undefined
}

const dependencyProblem = (dep: unknown, authors: number): string | undefined => {
  if (!Array.isArray(dep) || dep.length !== 2) return "a dependency is not a pair"
  const [author, eseq] = dep as ReadonlyArray<unknown>
  if (!Number.isSafeInteger(author) || (author as number) < 0 || (author as number) >= authors) {
    return "a dependency names an author that the commit does not list"
  }
  return Number.isSafeInteger(eseq) && (eseq as number) >= 1 ? undefined : "a dependency has no event number"
}

const depsProblem = (deps: unknown, authors: number): string | undefined => {
  if (!Array.isArray(deps) || deps.length > Limits.authorsPerCommitMax) return "dependencies are not a bounded list"
  for (const dep of deps) {
    const wrong = dependencyProblem(dep, authors)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const isPlainMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype

const operationKeys = new Set(["s", "c", "a", "r", "d", "w"])

const opsProblem = (ops: unknown, authors: number): string | undefined => {
  if (!isPlainMap(ops)) return "operations are not a map"
  for (const key in ops) if (!operationKeys.has(key)) return newer
  if (ops["d"] !== undefined && typeof ops["d"] !== "boolean") return "operation d is not a boolean"
  const replaced = replacedProblem(ops["w"], authors)
  if (replaced !== undefined) return replaced
  let fields = 0
  for (const kind of ["s", "c", "a", "r"] as const) {
    const changes = ops[kind]
    if (changes === undefined) continue
    if (!isPlainMap(changes)) return `operation ${kind} is not a map`
    for (const field in changes) {
      if (++fields > Limits.fieldsPerEventMax) return `an event changes more than ${Limits.fieldsPerEventMax} fields`
      const wrong = FieldValue.nameProblem(field) ?? changeProblem(kind, changes[field], authors)
      if (wrong !== undefined) return `field ${field}: ${wrong}`
    }
  }
  return undefined
}

const replacedProblem = (replaced: unknown, authors: number): string | undefined => {
  if (replaced === undefined) return undefined
  if (!Array.isArray(replaced) || replaced.length > Limits.replacedPerEventMax) {
    return "replaced events are not a bounded list"
  }
  for (const named of replaced) {
    if (!Array.isArray(named) || named.length !== 3) return "a replaced event is not named in full"
    const [author, eseq, hash] = named as ReadonlyArray<unknown>
    const wrong = dependencyProblem([author, eseq], authors)
    if (wrong !== undefined) return wrong
    if (author === 0) return "an event replaces one of its own author"
    if (!(hash instanceof Uint8Array) || hash.length !== eventHashBytes) return "a replaced event has no hash"
  }
  return undefined
}

const changeProblem = (kind: "s" | "c" | "a" | "r", change: unknown, authors: number): string | undefined => {
  if (kind === "s") return FieldValue.problem(change)
  if (kind === "c") {
    return Number.isSafeInteger(change) && Math.abs(change as number) <= Limits.counterDeltaAbsMax
      ? undefined
      : "a counter changes by a bounded integer"
  }
  if (kind === "a") return Array.isArray(change) ? FieldValue.problem(change) : "added elements are not a list"
  if (!Array.isArray(change) || change.length > Limits.valueNodesMax) return "removed elements are not a bounded list"
  for (const removal of change) {
    if (!Array.isArray(removal) || removal.length !== 2 || !Array.isArray(removal[1])) return "a removal is not a pair"
    const wrong = FieldValue.problem(removal[0])
    if (wrong !== undefined) return wrong
    for (const addition of removal[1]) {
      const bad = dependencyProblem(addition, authors)
      if (bad !== undefined) return bad
    }
  }
  return undefined
}

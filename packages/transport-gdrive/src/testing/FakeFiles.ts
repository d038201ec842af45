/**
 * The files of the fake: what there is, what changed when, and what a client that sees late sees of it. It speaks no HTTP.
 */
import { createHash } from "node:crypto"

export interface FakeFile {
  readonly id: string
  readonly name: string
  readonly mimeType: string
  readonly parents: ReadonlyArray<string>
  readonly appProperties: Readonly<Record<string, string>>
  /** Nothing for a folder. */
  readonly bytes: Uint8Array | undefined
  readonly createdMs: number
  /** When it was put into the bin. */
  trashedMs: number | undefined
  /** When it was deleted for good. */
  deletedMs: number | undefined
}

/** Files, and changes, that the fake keeps: a test has far fewer. */
const filesMax = 100_000

export class FakeRefusal extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string) {
    super(`${status} ${reason}`)
    this.status = status
    this.reason = reason
  }
}

export class FakeFiles {
  readonly #files = new Map<string, FakeFile>()
  readonly #given = new Set<string>()
  readonly #changes: Array<{ readonly id: string; readonly atMs: number }> = []
  readonly #nowMs: () => number
  #ids = 0
  /** Places in the changes of an earlier age are no good. */
  #age = 1

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** All that was not deleted for good. */
  all(): ReadonlyArray<FakeFile> {
    return [...this.#files.values()].filter(({ deletedMs }) => deletedMs === undefined)
  }

  /** Ids sort in the order in which they were given. */
  newIds(count: number): ReadonlyArray<string> {
    return Array.from({ length: count }, () => {
      const id = `fake-file-${String(++this.#ids).padStart(8, "0")}`
      this.#given.add(id)
      return id
    })
  }

  create(file: Omit<FakeFile, "createdMs" | "trashedMs" | "deletedMs">): FakeFile {
    if (!this.#given.has(file.id)) throw new FakeRefusal(400, "invalid")
    if (this.#files.has(file.id)) throw new FakeRefusal(409, "fileIdInUse")
    for (const parent of file.parents) this.#folder(parent)
    for (const [key, value] of Object.entries(file.appProperties)) {
      if (Buffer.byteLength(key + value) > 124) throw new FakeRefusal(400, "propertyTooLong")
    }
    if (this.#files.size >= filesMax) throw new FakeRefusal(403, "storageQuotaExceeded")
    const made: FakeFile = { ...file, createdMs: this.#nowMs(), trashedMs: undefined, deletedMs: undefined }
    this.#files.set(made.id, made)
    this.#changed(made.id)
    return made
  }

  /** By id everybody sees everything at once. */
  get(id: string): FakeFile {
    const file = this.#files.get(id)
    if (file === undefined || file.deletedMs !== undefined) throw new FakeRefusal(404, "notFound")
    return file
  }

  delete(id: string): void {
    this.get(id).deletedMs = this.#nowMs()
    this.#changed(id)
    for (const file of this.all()) if (file.parents.includes(id)) this.delete(file.id)
  }

  /** Puts a file, or a folder with what is in it, into the bin; of what is in it no change tells. */
  trash(id: string): void {
    const file = this.get(id)
    file.trashedMs = this.#nowMs()
    this.#changed(id)
    for (const inside of this.all()) if (inside.parents.includes(id)) inside.trashedMs = this.#nowMs()
  }

  isTrashed(file: FakeFile, atMs = this.#nowMs()): boolean {
    return file.trashedMs !== undefined && file.trashedMs <= atMs
  }

  /** What a query finds for a client that sees so late, the oldest first. */
  find(query: string, lagMs: number): ReadonlyArray<FakeFile> {
    const atMs = this.#nowMs() - lagMs
    const terms = termsOf(query)
    for (const { key, value } of terms) if (key === "parent") this.#folder(value)
    return [...this.#files.values()].filter(
      (file) =>
        file.createdMs <= atMs &&
        (file.deletedMs === undefined || file.deletedMs > atMs) &&
        terms.every((term) => fits(file, this.isTrashed(file, atMs), term))
    )
  }

  /** The end of the changes, whatever a client has seen of them. */
  startToken(): string {
    return this.#token(this.#changes.length)
  }

  /** Forgets all places, as Drive does with old ones. */
  loseTokens(): void {
    this.#age += 1
  }

  changes(
    token: string,
    lagMs: number,
    pageSize: number
  ): { readonly ids: ReadonlyArray<string>; readonly next: string; readonly isLast: boolean } {
    const [, age, place] = /^place-(\d+)-(\d+)$/.exec(token) ?? []
    if (age === undefined || Number(age) !== this.#age) throw new FakeRefusal(400, "invalid")
    const from = Number(place)
    const atMs = this.#nowMs() - lagMs
    let end = from
    while (end < this.#changes.length && this.#changes[end]!.atMs <= atMs) end++
    const upto = Math.min(end, from + pageSize)
    const ids = [...new Set(this.#changes.slice(from, upto).map(({ id }) => id))]
    return { ids, next: this.#token(upto), isLast: upto === end }
  }

  #token(place: number): string {
    return `place-${this.#age}-${place}`
  }

  #folder(id: string): void {
    const folder = this.#files.get(id)
    if (folder === undefined || folder.deletedMs !== undefined || folder.bytes !== undefined) {
      throw new FakeRefusal(404, "notFound")
    }
  }

  #changed(id: string): void {
    this.#changes.push({ id, atMs: this.#nowMs() })
  }
}

/** A file as Drive shows it. */
export const shown = (file: FakeFile, isTrashed: boolean): Readonly<Record<string, unknown>> => ({
  kind: "drive#file",
  id: file.id,
  name: file.name,
  mimeType: file.mimeType,
  parents: file.parents,
  appProperties: file.appProperties,
  trashed: isTrashed,
  createdTime: new Date(file.createdMs).toISOString(),
  ...(file.bytes === undefined
    ? {}
    : { size: String(file.bytes.length), md5Checksum: createHash("md5").update(file.bytes).digest("hex") })
})

interface Term {
  readonly key: "parent" | "trashed" | "name" | "property"
  readonly value: string
  readonly of?: string
}

/** The part of Drive's query language that is used here; anything else is refused. */
const termsOf = (query: string): ReadonlyArray<Term> => {
  const form =
    /\s*(?:'([^']*)' in parents|trashed = (true|false)|name = '([^']*)'|appProperties has \{ key='([^']*)' and value='([^']*)' \})\s*(?:and\b|$)/y
  const terms: Array<Term> = []
  while (form.lastIndex < query.length) {
    const [whole, parent, trashed, name, key, value] = form.exec(query) ?? []
    if (whole === undefined) throw new FakeRefusal(400, "invalid")
    if (parent !== undefined) terms.push({ key: "parent", value: parent })
    if (trashed !== undefined) terms.push({ key: "trashed", value: trashed })
    if (name !== undefined) terms.push({ key: "name", value: name })
    if (key !== undefined) terms.push({ key: "property", of: key, value: value ?? "" })
  }
  return terms
}

const fits = (file: FakeFile, isTrashed: boolean, { key, of, value }: Term): boolean => {
  switch (key) {
    case "parent":
      return file.parents.includes(value)
    case "trashed":
      return String(isTrashed) === value
    case "name":
      return file.name === value
    case "property":
      return file.appProperties[of ?? ""] === value
  }
}

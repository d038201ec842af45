/**
 * A map by partition, for what is decided once for each partition of a batch. Most types have one header field or none;
 * those are found without making the text of their key. It has no bound: whoever holds one has a batch or a page.
 */
import * as Partition from "./Partition.ts"

type HeaderValue = Partition.HeaderValues[string]

/** Partitions of one type whose header is this field alone. */
interface OfField<A> {
  readonly field: string
  readonly byValue: Map<HeaderValue, A>
}

export class PartitionMap<A> {
  /** By type; another single field of the same type, which hardly anybody has, lies among the others. */
  readonly #single = new Map<string, OfField<A>>()
  readonly #others = new Map<string, A>()

  get(partition: Partition.Partition): A | undefined {
    const field = onlyField(partition)
    const known = field === undefined ? undefined : this.#single.get(partition.type)
    if (known === undefined || known.field !== field) return this.#others.get(Partition.key(partition))
    return known.byValue.get(partition.header[field]!)
  }

  set(partition: Partition.Partition, value: A): void {
    const field = onlyField(partition)
    if (field === undefined) return void this.#others.set(Partition.key(partition), value)
    let known = this.#single.get(partition.type)
    if (known === undefined) this.#single.set(partition.type, (known = { field, byValue: new Map() }))
    if (known.field === field) known.byValue.set(partition.header[field]!, value)
    else this.#others.set(Partition.key(partition), value)
  }

  *values(): Generator<A> {
    for (const { byValue } of this.#single.values()) yield* byValue.values()
    yield* this.#others.values()
  }
}

/** The name of the only header field. */
const onlyField = ({ header }: Partition.Partition): string | undefined => {
  let only: string | undefined
  for (const field in header) {
    if (only !== undefined) return undefined
    only = field
  }
  return only
}

/** Names and what they are, as a list that screen readers read as such. */
import type { ReactNode } from "react"
import "./facts.css"

export type Fact = readonly [name: string, value: ReactNode]

export const Facts = ({ facts }: { readonly facts: ReadonlyArray<Fact> }) => (
  <dl className="facts">
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

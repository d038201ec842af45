/** How an address says which of several records with one id is meant. */
import type { Entity } from "../../api/records.ts"

/** The JSON of the header; nothing where there is none. */
export const headerText = ({ header }: Pick<Entity, "header">): string | undefined =>
  Object.keys(header).length === 0 ? undefined : JSON.stringify(header)

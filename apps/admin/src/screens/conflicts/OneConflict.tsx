/** The conflict that an address names. */
import { useQuery } from "@tanstack/react-query"
import { conflictsOf } from "../../api/records.ts"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { BothValues } from "./BothValues.tsx"
import { isAt, type Place, placeIn } from "./conflictPlace.ts"

interface Props {
  /** As the address has it. */
  readonly open: string
  readonly onDone: () => void
}

export const OneConflict = ({ onDone, open }: Props) => {
  const place = placeIn(open)
  return place === undefined ? <NoConflict /> : <Noted place={place} onDone={onDone} />
}

const Noted = ({ onDone, place }: { readonly place: Place; readonly onDone: () => void }) => (
  <Loaded
    query={useQuery(conflictsOf(place.type, place.id))}
    isEmpty={(conflicts) => !conflicts.some((conflict) => isAt(conflict, place))}
    empty={<NoConflict />}
  >
    {(conflicts) => {
      const conflict = conflicts.find((each) => isAt(each, place))
      return conflict === undefined ? null : <BothValues conflict={conflict} onDone={onDone} />
    }}
  </Loaded>
)

const NoConflict = () => (
  <Empty title="No such conflict">
    The hub keeps so many conflicts, and the oldest make room. The histories of their records have them all.
  </Empty>
)

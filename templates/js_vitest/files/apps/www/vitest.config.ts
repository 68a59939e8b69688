import { base } from "@katanemo/vitest-config/base";

export default base;

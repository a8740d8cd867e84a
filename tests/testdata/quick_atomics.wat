(module
  (memory (import "" "memory") 64 64 shared)
  (func (export "compareExchange") (param i32 i32 i32) (result i32)
    local.get 0
    i32.const 2
    i32.shl
    local.get 1
    local.get 2
    i32.atomic.rmw.cmpxchg)
  (func (export "exchange") (param i32 i32) (result i32)
    local.get 0
    i32.const 2
    i32.shl
    local.get 1
    i32.atomic.rmw.xchg)
  (func (export "takeOne") (param i32) (result i32)
    (local i32)
    block
      local.get 0
      i32.const 2
      i32.shl
      local.tee 0
      i32.load
      local.tee 1
      i32.const 0
      i32.le_s
      br_if 0
      local.get 0
      local.get 1
      local.get 1
      i32.const 1
      i32.sub
      i32.atomic.rmw.cmpxchg
      local.get 1
      i32.eq
      return
    end
    i32.const 0)
  (func (export "addOne") (param i32) (result i32)
    (local i32)
    block
      local.get 0
      i32.const 2
      i32.shl
      local.tee 0
      i32.load
      local.tee 1
      i32.const 0x7fffffff
      i32.ge_u
      br_if 0
      local.get 0
      local.get 1
      local.get 1
      i32.const 1
      i32.add
      i32.atomic.rmw.cmpxchg
      local.get 1
      i32.ne
      br_if 0
      local.get 0
      i32.load offset=4
      i32.const 0
      i32.ne
      return
    end
    i32.const -1)
)
